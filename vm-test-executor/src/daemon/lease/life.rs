//! The life of a leased instance: registers it, watches it, ends it, removes and records it. Starts nothing.

use super::super::instance::{Event, Instance};
use super::host::Host;
use super::ledger::{self, End};
use super::registry::{Living, Registry};
use std::cell::Cell;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use vm_test_protocol::daemon::Obituary;
use vm_test_protocol::failure::Failure;

/// An instance whose end begins before all that it was made of is gone.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    all: &'a AtomicUsize,
    has_begun: Cell<bool>,
}

impl<'a> Ending<'a> {
    /// To be counted among all that are ending, from when its end begins until this is dropped.
    pub(super) fn among(all: &'a AtomicUsize) -> Self {
        Self {
            all,
            has_begun: Cell::new(false),
        }
    }

    fn begin(&self) {
        self.has_begun.set(true);
        self.all.fetch_add(1, Ordering::SeqCst);
    }
}

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        if self.has_begun.get() {
            self.all.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Returns when the instance is gone, with what ended it. `begun` is called as soon as everybody can see it.
pub(super) fn live(
    host: &Host,
    stream: &UnixStream,
    instance: Instance,
    living: Living,
    ending: &Ending<'_>,
    begun: impl FnOnce(),
) -> Event {
    let registered = Registered::new(&host.registry, living);
    let name = registered.name.clone();
    begun();
    let event = instance.wait(stream, &host.tools.stop);
    ending.begin();
    // Released means that nobody will ask; everything else is known before the client sees the end of the stream.
    let parting = ledger::is_lost(&host.registry, &name, event)
        .then(|| instance.parting_words())
        .flatten();
    let ends = Instant::now();
    let obituary = instance.destroy(event);
    let rollback = Some(ends.elapsed());
    let cause = obituary.cause.as_ref().filter(|_| event != Event::Released);
    let end = match cause {
        Some(failure) => End::Cause(&failure.message),
        None => End::Released(parting.as_deref()),
    };
    ledger::close(&host.registry, &name, end, rollback);
    registered.bury(obituary);
    event
}

/// A place in the register, with the room that its instance was given. It is given up whatever becomes of the thread.
#[derive(Debug)]
struct Registered<'a> {
    registry: &'a Registry,
    name: String,
    is_buried: bool,
}

impl<'a> Registered<'a> {
    fn new(registry: &'a Registry, living: Living) -> Self {
        let name = living.status.instance.clone();
        registry.insert(living);
        Self {
            registry,
            name,
            is_buried: false,
        }
    }

    fn bury(mut self, obituary: Obituary) {
        self.is_buried = true;
        self.registry.bury(&self.name, obituary);
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if self.is_buried {
            return;
        }
        let cause = format!(
            "instance {} died: the daemon lost the thread that watched it",
            self.name
        );
        self.registry.bury(
            &self.name,
            Obituary {
                cause: Some(Failure::new(cause)),
                oom_kills: 0,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::admission::Admission;
    use super::super::budget::Budget;
    use super::super::claims::Claims;
    use super::*;
    use std::sync::Arc;
    use std::time::SystemTime;
    use vm_test_protocol::daemon::{InstanceStatus, Leased};

    fn living(admission: &Admission) -> Living {
        let admitted = admission.admit(1 << 20, 1, |_| true).unwrap().unwrap();
        let status = InstanceStatus {
            instance: "a-1".to_owned(),
            guest: "a".to_owned(),
            kernel: String::new(),
            description: String::new(),
            purpose: String::new(),
            keeper: 0,
            holder: 0,
            age: 0,
            memory: 1 << 20,
            kept: None,
        };
        let granted = Leased {
            instance: "a-1".to_owned(),
            description: String::new(),
            timeout: 0,
            boot_timeout: 0,
            env: Vec::new(),
            export: Vec::new(),
            memory: 1 << 20,
            waited: 0,
            keep_for: None,
            caveat: None,
            writes_to_memory: false,
        };
        Living {
            since: Instant::now(),
            asked: SystemTime::now(),
            status,
            granted,
            entry: None,
            admitted: Arc::new(admitted),
            watch: Arc::default(),
            console: None,
            record: None,
            kept: None,
        }
    }

    #[test]
    fn a_thread_that_is_lost_leaves_nobody_in_the_register_and_no_room_taken() {
        let budget = Budget {
            memory: 1 << 30,
            cpus: 1,
        };
        let directory = tempfile::tempdir().unwrap();
        let admission = Admission::among(budget, Claims::of(directory.path().join("claims"), "a"));
        let registry = Registry::default();
        let lost = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let _registered = Registered::new(&registry, living(&admission));
            assert_eq!(registry.alive().len(), 1);
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(lost.is_err());
        assert!(registry.alive().is_empty());
        assert_eq!(admission.status().1, 0);
        let obituary = registry.obituary("a-1").unwrap();
        let cause = "instance a-1 died: the daemon lost the thread that watched it";
        assert_eq!(obituary.cause.unwrap().message, cause);
    }
}
