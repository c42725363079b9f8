//! The state of all nodes of a lab, as the body of a test saves and restores it.

use super::exchange::ask;
use super::handle::Lab;
use super::order::{LabError, order, unexpected};
use vm_test_protocol::lab::Question;
use vm_test_protocol::order::{Done, Order};

const SAVE: &str = "save the lab";
const RESTORE: &str = "restore the lab";

/// A saved state of the lab. Dropping it gives its memory back.
#[derive(Debug)]
pub struct Snapshot {
    number: u64,
}

impl Lab {
    /// Saves the state of all nodes at one moment: their memory, their processes, their disks. They
    /// go on at once.
    ///
    /// The driver is not saved; all other nodes must be VMs.
    ///
    /// # Panics
    /// If it is not possible; see [`Lab::try_snapshot`].
    #[must_use = "the state is given up when this is dropped"]
    #[track_caller]
    pub fn snapshot(&self) -> Snapshot {
        match self.try_snapshot() {
            Ok(snapshot) => snapshot,
            Err(error) => panic!("{error}"),
        }
    }

    /// Saves the state of all nodes, as [`Lab::snapshot`] does.
    ///
    /// # Errors
    /// If the test runs on a node, one of the nodes is a container or paused, something that the test
    /// has started there has not ended, or there is no memory for the state.
    pub fn try_snapshot(&self) -> Result<Snapshot, LabError> {
        match order(SAVE, Order::Save)? {
            Done::Saved(number) => Ok(Snapshot { number }),
            _ => Err(LabError::new(SAVE, &unexpected())),
        }
    }

    /// Returns all nodes to a saved state. They go on at the same moment, with the present time, and
    /// each with random numbers of its own.
    ///
    /// Connections between processes on the nodes go on, too. What the test has started there since
    /// then ends.
    ///
    /// # Panics
    /// If a node cannot be restored.
    #[track_caller]
    pub fn restore(&self, snapshot: &Snapshot) {
        if let Err(error) = self.try_restore(snapshot) {
            panic!("{error}");
        }
    }

    /// Returns all nodes to a saved state, as [`Lab::restore`] does.
    ///
    /// # Errors
    /// If a node cannot be restored. Then all are off.
    pub fn try_restore(&self, snapshot: &Snapshot) -> Result<(), LabError> {
        let saved = snapshot.number;
        order(RESTORE, Order::Restore { saved }).map(drop)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        // If the host is gone, so is the state.
        let saved = self.number;
        let _ = ask(Question::Order(Order::Forget { saved }));
    }
}
