//! What the VM of a node is told while it lives, and what its keeper answers: plain data.

use serde::{Deserialize, Serialize};
use vm_test_protocol::failure::Failure;

/// From the daemon to the keeper of a node's VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MachineOrder {
    /// Stop its processors.
    Pause,
    /// Let its processors run on.
    Resume,
    /// Have its system shut down. Its end is the answer, unless the order cannot be given.
    ShutDown,
    /// Save the state of the VM, which is paused. Two descriptors follow: a file for the state, and
    /// a new uppermost layer of its root disk.
    Save,
    /// All nodes of the lab have been restored: run.
    Go,
}

/// From the keeper of a node's VM to the daemon: an answer to each order, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum MachineAnswer {
    /// It has started, without an order.
    Up,
    /// It has been restored from its own state and waits, without an order.
    Restored,
    /// To [`MachineOrder::Save`]: it writes to the new layer from now on. Another answer follows.
    Layered,
    /// The order was carried out.
    Done,
    /// It was not.
    Failed(Failure),
}
