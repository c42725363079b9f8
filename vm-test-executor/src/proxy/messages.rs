//! What the keeper of a lab and a proxy of it say to each other: plain data between two processes
//! of one program.

use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use vm_test_protocol::proxy::{ProxyReport, ProxySettings};

/// A proxy before a TCP port of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start {
    /// The number of the node.
    pub node: usize,
    /// The port.
    pub port: u16,
    /// Where it takes the node's place.
    pub places: Vec<Place>,
    /// What it carries, and what it does to it.
    pub settings: ProxySettings,
}

/// Where a proxy takes a node's place: an address of the node on a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// The number of the network.
    pub network: usize,
    /// The node's address there.
    pub of_node: IpAddr,
    /// The proxy's own address there, of the same version.
    pub own: IpAddr,
    /// The length of the network's prefix.
    pub prefix: u8,
}

/// From the keeper to the proxy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToProxy {
    /// Listen; the first message.
    Start(Start),
    /// Tell what has been done so far.
    Report,
}

/// From the proxy to the keeper: one answer to each message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromProxy {
    /// It listens on these ports, one for each place.
    Listening(Vec<u16>),
    /// What has been done.
    Report(ProxyReport),
    /// It could not be done, for this cause.
    Failed(String),
}
