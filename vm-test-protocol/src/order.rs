//! What a test changes about its lab: the power of nodes, their links, and the state of all of them.
//! The test process passes orders on to the daemon over the lab's connection.

use super::failure::Failure;
use serde::{Deserialize, Serialize};

/// A change of a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Order {
    /// Change the power of a node.
    Power {
        /// The node's name.
        node: String,
        /// The change.
        change: PowerChange,
    },
    /// Change the link of a node to a network.
    Link {
        /// The node's name.
        node: String,
        /// The network's name.
        network: String,
        /// The change.
        change: LinkChange,
    },
    /// Save the state of all nodes, to restore it later.
    Save,
    /// Return all nodes to a saved state.
    Restore {
        /// The number of the saved state, see [`Done::Saved`].
        saved: u64,
    },
    /// Give up a saved state.
    Forget {
        /// The number of the saved state.
        saved: u64,
    },
    /// Write down what the networks have carried so far, as pcap files in this directory.
    Capture {
        /// The directory, which is there.
        directory: String,
    },
}

/// A change of a node's power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PowerChange {
    /// Switch it on, with the disk that it had.
    Boot,
    /// Have its system shut down, and wait until it is off.
    Shutdown,
    /// Cut the power: what it has not written to its disk is lost.
    Off,
    /// Have its system shut down, and switch it on again.
    Reboot,
    /// Stop its processors.
    Pause,
    /// Let its processors run on.
    Resume,
    /// End it with its disk.
    Kill,
}

/// A change of the link of a node to a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkChange {
    /// Lose all frames in this direction, until it is mended.
    Cut(Direction),
    /// Keep all frames in this direction, until they are released.
    Hold(Direction),
    /// Deliver what was held, and carry all frames again.
    Mend,
}

/// Which frames of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Direction {
    /// All.
    Both,
    /// Those that the node sends.
    FromNode,
    /// Those that the node would receive.
    ToNode,
}

/// What has come of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Done {
    /// It was carried out.
    Done,
    /// The state of the nodes was saved under this number.
    Saved(u64),
    /// The next lease of each of these nodes restores it. They go on when all are leased.
    Restored(Vec<String>),
    /// These files were written.
    Captured(Vec<String>),
    /// It could not be carried out.
    Failed(Failure),
}
