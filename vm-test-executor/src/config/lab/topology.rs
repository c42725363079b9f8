//! A lab with all of its nodes, networks and addresses decided. Plain data.

use crate::config::Guest;
use serde::{Deserialize, Serialize};
use std::net::{Ipv4Addr, Ipv6Addr};
use vm_test_protocol::machine::Route;

/// A lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lab {
    /// Its name.
    pub name: String,
    /// Its networks, in the order of the file, then the one that routers lead to by default.
    pub networks: Vec<Network>,
    /// Its nodes, in the order of the file, then the routers.
    pub nodes: Vec<Node>,
}

/// A network of a lab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its name in the lab.
    pub name: String,
    /// Whether it has no addresses, for frames with the tags of VLANs.
    pub trunk: bool,
    /// The size of the largest packet, in bytes.
    pub mtu: u32,
    /// Its router, if it has one.
    pub router: Option<Router>,
}

/// The router of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Router {
    /// How it translates addresses of version 4.
    pub translation: Translation,
    /// The number of the network that it leads to.
    pub upstream: u8,
}

/// How a router translates addresses of version 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Translation {
    /// All nodes share its own address. A node's port is seen as the same port everywhere, and
    /// anybody can answer there.
    Easy,
    /// All nodes share its own address. Every destination sees another port, and only it can answer
    /// there.
    Hard,
    /// Every node has an address of its own outside.
    OneToOne,
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
    /// The address that it has beyond its network's router.
    pub mapped: Option<Mapped>,
    /// Where packets to other networks go that leave through it.
    pub routes: Vec<Route>,
    /// What the node does, as a router, between another port of it and this one.
    pub forwarding: Option<Forwarding>,
}

/// An address that a node has on a network beyond a router.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapped {
    /// The network's name.
    pub network: String,
    /// The address.
    pub v4: Ipv4Addr,
}

/// What a router does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Forwarding {
    /// How it translates addresses.
    pub translation: Translation,
    /// The interface of the network that it is the router of.
    pub inside: String,
    /// The inside and outside addresses of the nodes behind it.
    pub mapped: Vec<(Ipv4Addr, Ipv4Addr)>,
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
            let name = &node.name;
            for Addresses { v4, v6 } in node.ports.iter().filter_map(|port| port.address) {
                lines += &format!("{v4} {name}\n{v6} {name}\n");
            }
            for mapped in node.ports.iter().filter_map(|port| port.mapped.as_ref()) {
                lines += &format!("{} {name}\n", mapped.v4);
            }
        }
        lines
    }
}
