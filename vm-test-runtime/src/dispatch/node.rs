//! A node of a test's lab, as the test process has it: any number of jobs at a time, each with an
//! agent of its own. Knows no job.

use super::journal::{Journal, Lines};
use crate::client::{self, Agent, Channels, Lease, Lost, cause_of};
use std::io::ErrorKind;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm_test_protocol::daemon::Leased;
use vm_test_protocol::failure::Failure;

/// A node.
pub(super) struct Node {
    /// Its name.
    pub(super) name: String,
    /// What the daemon granted.
    pub(super) granted: Leased,
    /// Takes what jobs write there.
    journal: Arc<Journal>,
    /// Until the daemon keeps it.
    channels: Mutex<Option<Channels>>,
    /// Whether the test is over, and the node with it.
    is_over: AtomicBool,
}

impl Node {
    /// Returns the node that is leased here; the lease keeps a channel for a job of its own.
    ///
    /// # Errors
    /// If the instance is gone, or this process may have no more threads.
    pub(super) fn of(
        name: &str,
        lease: &mut Lease,
        journal: &Arc<Journal>,
    ) -> Result<Self, Failure> {
        let cannot = |cause| Failure::new(format!("cannot use node `{name}`: {cause}"));
        Ok(Self {
            name: name.to_owned(),
            granted: lease.granted.clone(),
            journal: Arc::clone(journal),
            channels: Mutex::new(Some(Channels::over(&mut lease.agent).map_err(cannot)?)),
            is_over: AtomicBool::new(false),
        })
    }

    /// Returns what takes the output of one job.
    pub(super) fn lines(&self) -> Lines {
        self.journal.of(&self.name)
    }

    /// Returns its agent, for one job.
    ///
    /// # Errors
    /// If too many run there, or the node has died.
    pub(super) fn agent(&self) -> Result<Agent, Failure> {
        let channels = self.channels();
        let Some(channels) = channels.as_ref() else {
            return Err(Failure::new("the test has ended"));
        };
        channels.open().map_err(|error| match error.kind() {
            ErrorKind::ConnectionReset => self.cause_of(Lost::Died),
            ErrorKind::InvalidData => Failure::new(format!("cannot understand the guest: {error}")),
            _ => Failure::new(error.to_string()),
        })
    }

    /// Why its agent has not said how a job ended.
    pub(super) fn cause_of(&self, lost: Lost) -> Failure {
        if self.is_over.load(Ordering::SeqCst) {
            return Failure::new("the test has ended");
        }
        cause_of(lost, &self.granted.instance)
    }

    fn channels(&self) -> MutexGuard<'_, Option<Channels>> {
        let channels = self.channels.lock();
        channels.unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the daemon keep it, once what runs there has been ended.
    ///
    /// # Errors
    /// If that does not end, or the daemon refuses.
    pub(super) fn keep(&self) -> Result<(), Failure> {
        self.is_over.store(true, Ordering::SeqCst);
        let channels = self.channels().take();
        let channels = channels.ok_or_else(|| Failure::new("it is kept already"))?;
        let agent = channels.end().map_err(|error| match error.kind() {
            ErrorKind::TimedOut => Failure::new("what runs there has not ended"),
            _ => cause_of(Lost::Died, &self.granted.instance),
        })?;
        client::keep(&self.granted.instance, &agent).map(drop)
    }

    /// Ends it with all that runs there.
    pub(super) fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        if let Some(channels) = &*self.channels() {
            channels.hang_up();
        }
    }
}
