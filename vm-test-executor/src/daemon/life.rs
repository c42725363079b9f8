//! The life of a leased instance: entered in the register, watched, ended, buried, written down. Starts nothing.

use super::event::Event;
use super::instance::Instance;
use super::lease::Host;
use super::ledger::{self, End};
use super::registry::{Living, Registry};
use std::os::unix::net::UnixStream;
use std::time::Instant;
use vm_test::protocol::daemon::Obituary;
use vm_test::protocol::failure::Failure;

/// Returns when the instance is gone. `begun` is called as soon as everybody can see it.
pub(super) fn live(
    host: &Host,
    stream: &UnixStream,
    instance: Instance,
    living: Living,
    begun: impl FnOnce(),
) {
    let registered = Registered::new(&host.registry, living);
    let name = registered.name.clone();
    begun();
    let event = instance.wait(stream, &host.stop);
    // Released means that nobody will ask; everything else is known before the client sees the end of the stream.
    let parting = ledger::is_lost(&host.registry, &name, event)
        .then(|| instance.parting_words())
        .flatten();
    let ending = Instant::now();
    let obituary = instance.destroy(event);
    let rollback = Some(ending.elapsed());
    let cause = obituary.cause.as_ref().filter(|_| event != Event::Released);
    let end = match cause {
        Some(failure) => End::Cause(&failure.message),
        None => End::Released(parting.as_deref()),
    };
    ledger::close(&host.registry, &name, end, rollback);
    registered.bury(obituary);
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
