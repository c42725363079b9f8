//! The life of a leased instance: registers it, watches it, ends it, removes and records it. Starts
//! nothing.

use super::super::instance::{Event, Instance};
use super::host::Host;
use super::ledger::{self, End};
use super::registry::{Living, Registry};
use std::cell::Cell;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use vm_test_protocol::daemon::ExitReport;
use vm_test_protocol::failure::Failure;

/// Counts an instance as ending, from when its end begins until everything that it was made of is
/// gone.
#[derive(Debug)]
pub(super) struct Ending<'a> {
    all: &'a AtomicUsize,
    has_begun: Cell<bool>,
}

impl<'a> Ending<'a> {
    /// Returns an instance that will be counted in `all` while it ends.
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

/// Waits until the instance is gone; returns what ended it.
///
/// `begun` is called as soon as the instance is in the register.
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
    // If it was released, nobody will ask for the cause; everything else is known before the client
    // sees the end of the stream.
    let last = ledger::is_lost(&host.registry, &name, event)
        .then(|| instance.last_message_when_lost())
        .flatten();
    let ends = Instant::now();
    let report = instance.destroy(event);
    let rollback = Some(ends.elapsed());
    let cause = report.cause.as_ref().filter(|_| event != Event::Released);
    let end = match cause {
        Some(failure) => End::Cause(failure),
        None => End::Released(last.as_deref()),
    };
    ledger::close(&host.registry, &name, end, rollback);
    registered.retire(report);
    event
}

/// An entry in the register, with the room that its instance was given.
///
/// It is removed even if the thread panics.
#[derive(Debug)]
struct Registered<'a> {
    registry: &'a Registry,
    name: String,
    is_retired: bool,
}

impl<'a> Registered<'a> {
    fn new(registry: &'a Registry, living: Living) -> Self {
        let name = living.status.instance.clone();
        registry.insert(living);
        Self {
            registry,
            name,
            is_retired: false,
        }
    }

    fn retire(mut self, report: ExitReport) {
        self.is_retired = true;
        self.registry.retire(&self.name, report);
    }
}

impl Drop for Registered<'_> {
    fn drop(&mut self) {
        if self.is_retired {
            return;
        }
        let cause = format!(
            "instance {} died: the daemon lost the thread that watched it",
            self.name
        );
        self.registry.retire(
            &self.name,
            ExitReport {
                cause: Some(Failure::new(cause)),
                oom_kills: 0,
            },
        );
    }
}

#[cfg(test)]
mod tests;
