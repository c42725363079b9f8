//! What a test changes about its lab: the power of nodes, their links, and the state of all of them;
//! and about the link of a guest that is in no lab. The test process passes orders on to the daemon.

use super::failure::Failure;
use super::impairment::{Impairment, Tally};
use super::proxy::{PortProxy, ProxyReport};
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
    /// Begin a fault of the networks.
    Fault(Fault),
    /// End a fault, see [`Done::Faulted`]. What it has held is delivered first.
    Mend {
        /// The number of the fault.
        fault: u64,
    },
    /// Say what has come of an impairment so far.
    Tally {
        /// The number of the fault.
        fault: u64,
    },
    /// Begin a proxy before a port of a node.
    Proxy(PortProxy),
    /// Tell what a proxy has done, see [`Done::Proxying`].
    AskProxy {
        /// The number of the proxy.
        proxy: u64,
    },
    /// End a proxy.
    EndProxy {
        /// The number of the proxy.
        proxy: u64,
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
    /// Write down what nodes have sent to the networks lately, as pcap files.
    Capture {
        /// The directory, which is there; `None` for that of the test's run. The body of a test
        /// cannot choose one.
        directory: Option<String>,
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

/// A fault of the networks. Faults add up: each lasts until it is mended itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// Of the link of a node to a network.
    Link {
        /// The node's name.
        node: String,
        /// The network's name.
        network: String,
        /// Which frames.
        direction: Direction,
        /// What becomes of them.
        effect: Effect,
    },
    /// Of the link of the test's own guest, which is in no lab.
    OwnLink {
        /// Which frames.
        direction: Direction,
        /// What becomes of them.
        effect: Effect,
    },
    /// Nodes of different groups do not reach each other on any network. All others do.
    Partition {
        /// The names of the nodes of each group.
        groups: Vec<Vec<String>>,
    },
}

/// What becomes of the frames of a link.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// They are lost.
    Cut,
    /// They are kept, to be delivered when the fault ends.
    Hold,
    /// Something is done to some of them.
    Impair(Box<Impairment>),
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
    /// The fault has begun, and has this number.
    Faulted(u64),
    /// The fault has ended.
    Mended {
        /// How many frames were held and have been delivered.
        delivered: u64,
        /// How many frames were lost because no more could be held.
        lost: u64,
    },
    /// What has come of an impairment so far.
    Tally(Tally),
    /// The proxy has begun, and has this number.
    Proxying(u64),
    /// What the proxy has done.
    Proxied(ProxyReport),
    /// These files were written, one for each network that has carried something.
    Captured(Vec<Capture>),
    /// The next lease of each of these nodes restores it. They go on when all are leased.
    Restored(Vec<String>),
    /// It could not be carried out.
    Failed(Failure),
}

/// A file with the frames of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Capture {
    /// The network's name.
    pub network: String,
    /// The path of the file.
    pub path: String,
    /// How many frames are missing, because too many came at a time.
    pub lost: u64,
}
