//! A lab with all of its nodes, networks and addresses decided. Plain data.

use super::network::Network;
use crate::config::Guest;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lab {
    /// Its name.
    pub name: String,
    /// Its networks, in the order of the file.
    pub networks: Vec<Network>,
    /// Its nodes, in the order of the file.
    pub nodes: Vec<Node>,
}

/// One guest of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Its name in the lab, which is its host name.
    pub name: String,
    /// The guest that it is an instance of, with the settings of the node applied.
    pub guest: Guest,
    /// Its ports, in the order in which it names its networks.
    pub ports: Vec<Port>,
    /// Whether the lab starts without it: only the test switches it on.
    pub starts_off: bool,
}

/// A node's connection to a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// The name of the network.
    pub network: String,
    /// The name of the interface in the node.
    pub interface: String,
    /// The hardware address of that interface.
    pub hardware: [u8; 6],
    /// Its addresses; `None` on a trunk.
    pub address: Option<Addresses>,
}

/// The addresses that a lab leases to a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Addresses {
    /// The address of IP version 4.
    pub v4: Ipv4Addr,
    /// The address of IP version 6.
    pub v6: Ipv6Addr,
}

impl Addresses {
    /// The length of the prefix of a network's addresses of version 4.
    pub const V4_PREFIX: u8 = 24;

    /// The length of the prefix of a network's addresses of version 6.
    pub const V6_PREFIX: u8 = 64;
}

impl Lab {
    /// Returns the lines of `/etc/hosts` for its nodes, each node's first network first.
    ///
    /// A node without addresses has no line.
    #[must_use]
    pub fn hosts(&self) -> String {
        let mut lines = String::new();
        for node in &self.nodes {
            for Addresses { v4, v6 } in node.ports.iter().filter_map(|port| port.address) {
                lines += &format!("{v4} {name}\n{v6} {name}\n", name = node.name);
            }
        }
        lines
    }
}
