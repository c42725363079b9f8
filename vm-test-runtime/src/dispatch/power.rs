//! The power of a node that is not the test's own: its lease, which can end and be taken again. Runs
//! nothing there.

use super::lease;
use crate::client::{self, Lease, Speaker};
use std::sync::{Mutex, MutexGuard, TryLockError};
use vm_test_protocol::daemon::{GuestKind, LeaseRequest};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::{Done, Order, PowerChange};

/// A node, on or off.
pub(super) struct PoweredNode {
    name: String,
    test: String,
    request: LeaseRequest,
    /// Locked while something runs there.
    lease: Mutex<Option<Lease>>,
    /// What can be done without the lease.
    live: Mutex<Option<Live>>,
    /// Why what runs there ends, if it is because of a change.
    ends: Mutex<Option<&'static str>>,
    /// One change at a time.
    changing: Mutex<()>,
}

/// A lease, for those who do not use it.
struct Live {
    instance: String,
    kind: GuestKind,
    line: Speaker,
}

impl PoweredNode {
    /// Returns a node that is off, and how it is leased.
    pub(super) fn off(name: &str, test: &str, request: LeaseRequest) -> Self {
        Self {
            name: name.to_owned(),
            test: test.to_owned(),
            request,
            lease: Mutex::new(None),
            live: Mutex::new(None),
            ends: Mutex::new(None),
            changing: Mutex::new(()),
        }
    }

    /// Takes the node's lease, or the one that it has got already.
    pub(super) fn begin(&self, lease: Option<Lease>) -> Result<(), Failure> {
        let lease = match lease {
            Some(lease) => lease,
            None => Lease::obtain(&self.request, |reason| lease::waiting(&self.test, reason))?,
        };
        if let Some(note) = &lease.degraded {
            eprintln!("vm-test: warning: node `{}` {note}", self.name);
        }
        let line = lease
            .agent
            .speaker()
            .map_err(|error| Failure::new(format!("cannot use node `{}`: {error}", self.name)))?;
        *lock(&self.live) = Some(Live {
            instance: lease.granted.instance.clone(),
            kind: lease.granted.kind,
            line,
        });
        *lock(&self.ends) = None;
        *lock(&self.lease) = Some(lease);
        Ok(())
    }

    /// Gives the node's lease up at once, whatever runs there, and returns when that has ended.
    pub(super) fn end(&self, why: &'static str) {
        lock(&self.ends).get_or_insert(why);
        self.hang_up();
        drop(lock(&self.lease).take());
        *lock(&self.live) = None;
    }

    /// Closes the stream to the node, whatever runs there.
    pub(super) fn hang_up(&self) {
        if let Some(live) = &*lock(&self.live) {
            live.line.hang_up();
        }
    }

    /// Uses the node, one user at a time.
    ///
    /// # Errors
    /// If it is off, or is switched off meanwhile.
    pub(super) fn with<T>(
        &self,
        work: impl FnOnce(&mut Lease) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let mut lease = lock(&self.lease);
        let Some(lease) = &mut *lease else {
            return Err(Failure::new("it is off").hint("boot() switches it on"));
        };
        let done = work(lease);
        match *lock(&self.ends) {
            Some(why) if done.is_err() => Err(Failure::new(format!("it was {why} meanwhile"))),
            _ => done,
        }
    }

    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Keeps its power from being changed otherwise.
    pub(super) fn changing(&self) -> MutexGuard<'_, ()> {
        lock(&self.changing)
    }

    /// Keeps anything from running there; `None` if something runs.
    pub(super) fn still(&self) -> Option<MutexGuard<'_, Option<Lease>>> {
        match self.lease.try_lock() {
            Ok(lease) => Some(lease),
            Err(TryLockError::Poisoned(lease)) => Some(lease.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Returns whether it is on. A guest may have switched itself off.
    pub(super) fn is_on(&self) -> bool {
        let instance = lock(&self.live).as_ref().map(|live| live.instance.clone());
        let report = instance.and_then(|instance| client::exit_report(&instance));
        report.is_some_and(|report| report.cause.is_none())
    }

    /// Changes its power.
    ///
    /// # Errors
    /// If it is not possible now, or not with this kind of guest.
    pub(super) fn change(&self, lab: &client::Lab, change: PowerChange) -> Result<(), Failure> {
        let _changing = self.changing();
        if change != PowerChange::Boot && change != PowerChange::Kill {
            self.check(change)?;
        }
        let order = |change| self.order(lab, change);
        match change {
            PowerChange::Boot => {
                if self.is_on() {
                    return Err(Failure::new("it is on already"));
                }
                self.end("off");
                order(PowerChange::Off)?;
                self.begin(None)
            }
            PowerChange::Shutdown => self.shut_down(lab),
            PowerChange::Off => {
                self.end("switched off");
                order(PowerChange::Off)
            }
            PowerChange::Reboot => {
                self.shut_down(lab)?;
                self.begin(None)
            }
            PowerChange::Pause | PowerChange::Resume => order(change),
            PowerChange::Kill => {
                self.end("ended");
                order(PowerChange::Kill)
            }
        }
    }

    fn shut_down(&self, lab: &client::Lab) -> Result<(), Failure> {
        *lock(&self.ends) = Some("shut down");
        let done = self.order(lab, PowerChange::Shutdown);
        match &done {
            Ok(()) => self.end("shut down"),
            Err(_) => *lock(&self.ends) = None,
        }
        done
    }

    fn order(&self, lab: &client::Lab, change: PowerChange) -> Result<(), Failure> {
        let node = self.name.clone();
        match lab.order(Order::Power { node, change })? {
            Done::Done => Ok(()),
            Done::Failed(failure) => Err(failure),
            other => Err(Failure::new(format!("the daemon answered {other:?}"))),
        }
    }

    /// Checks that it is on, and is a VM.
    fn check(&self, change: PowerChange) -> Result<(), Failure> {
        let kind = lock(&self.live).as_ref().map(|live| live.kind);
        if kind == Some(GuestKind::Container) {
            return Err(
                Failure::new(format!("it is a container, and {}", lacking(change))).hint(
                    "use a VM, with backend = \"kvm\"; kill() and boot() work with containers, too",
                ),
            );
        }
        if !self.is_on() {
            return Err(Failure::new("it is off").hint("boot() switches it on"));
        }
        Ok(())
    }
}

/// What of a change no container can have.
fn lacking(change: PowerChange) -> &'static str {
    match change {
        PowerChange::Pause | PowerChange::Resume => {
            "the host's kernel would answer for its processes while they stand still"
        }
        _ => "the host's kernel keeps what it has written, synchronised or not",
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|lock| lock.into_inner())
}
