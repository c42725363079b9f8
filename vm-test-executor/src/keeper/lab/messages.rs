//! What the daemon and the keeper of a lab say to each other: plain data between two processes of
//! one program.

use crate::config::lab::Forwarding;
use crate::proxy;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::impairment::Tally;
use vm_test_protocol::machine::Route;
use vm_test_protocol::order::{Direction, Effect};
use vm_test_protocol::proxy::ProxyReport;

/// From the daemon to the keeper of a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToLab {
    /// Make these networks; the first message.
    Networks(Vec<Network>),
    /// Start the keeper of a node. Two descriptors follow: its connection to the daemon, and the
    /// stream of its lease.
    Node(Node),
    /// Begin a fault.
    Fault(Fault),
    /// End the fault with this number.
    Mend(u64),
    /// Say what has come of the impairment with this number.
    Tally(u64),
    /// Begin a proxy before a port of a node.
    Proxy(proxy::Start),
    /// Tell what the proxy with this number has done.
    AskProxy(u64),
    /// End the proxy with this number.
    EndProxy(u64),
    /// Hand over what the networks have carried.
    Capture,
}

/// A fault of the lab's networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fault {
    /// Of the link of a node to a network.
    Link {
        /// The number of the node.
        node: usize,
        /// The number of the network.
        network: usize,
        /// Which frames.
        direction: Direction,
        /// What becomes of them.
        effect: Effect,
    },
    /// Nodes in different groups do not reach each other.
    Partition {
        /// The numbers of the nodes.
        groups: Vec<Vec<usize>>,
    },
}

/// A network of a lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Network {
    /// How long its packets may be, in bytes.
    pub mtu: u32,
}

/// A node, as the keeper of its lab needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its ids.
    pub ids: Ids,
    /// Whether its keeper keeps the user's supplementary groups.
    pub keep_groups: bool,
    /// Its links to networks.
    pub ports: Vec<Port>,
    /// What its links are.
    pub kind: LinkKind,
}

/// What links a node to networks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LinkKind {
    /// Pairs of interfaces: one end is in the network namespace of the node's keeper.
    Pairs,
    /// Taps, for a VM, which configures its own ends itself.
    Taps,
    /// Taps of these names, which the daemon has made in the lab's network namespace.
    MadeTaps(Vec<String>),
}

/// Which ids of the lab's user namespace a node gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ids {
    /// All, each as itself.
    All,
    /// So many from this one on, as 0 and so on.
    Range {
        /// The first id.
        first: u32,
        /// How many.
        count: u32,
    },
}

/// The link of a node to a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// The number of the node.
    pub node: usize,
    /// The number of the network.
    pub network: usize,
    /// The name of the node's interface.
    pub interface: String,
    /// The hardware address of the node's interface.
    pub hardware: [u8; 6],
    /// The addresses of the node's interface, each with the length of its network's prefix.
    pub addresses: Vec<(IpAddr, u8)>,
    /// The routes that lead through it.
    pub routes: Vec<Route>,
    /// What the node does, as a router, between another port of it and this one.
    pub forwarding: Option<Forwarding>,
}

/// From the keeper of a lab to the daemon: one answer to each message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LabReport {
    /// The networks are there.
    Ready,
    /// The node's keeper is linked to its networks and waits. Descriptors follow: its process, the
    /// pipe that lets it go, and its taps.
    Waiting {
        /// How many taps there are.
        taps: usize,
    },
    /// The fault has begun, and has this number.
    Faulted(u64),
    /// The fault has ended.
    Mended {
        /// How many held frames went on.
        delivered: u64,
        /// How many frames were lost for lack of room.
        lost: u64,
    },
    /// What has come of the impairment.
    Tally(Tally),
    /// The proxy has begun, and has this number.
    Proxying(u64),
    /// What the proxy has done.
    Proxied(ProxyReport),
    /// The proxy has ended.
    ProxyEnded,
    /// What these networks have carried. A file in memory follows for each.
    Captured(Vec<Carried>),
    /// It could not be done.
    Failed(Failure),
}

/// What a network has carried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The number of the network.
    pub network: usize,
    /// How many frames are missing, because too many came at a time.
    pub lost: u64,
}
