//! What a picture says of nodes, networks and links, the same in every language.

use crate::config::lab::{Addresses, Lab, Network, Node, Port};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The size of packets that is not worth a word.
const USUAL_MTU: u32 = 1500;

/// Returns what a node is a copy of.
pub(super) fn guest(node: &Node) -> String {
    format!("{}: {}", node.guest.name, node.guest.description())
}

/// Returns the addresses of a port, with the length of their prefixes.
pub(super) fn addresses(port: &Port) -> Vec<String> {
    match port.address {
        Some(Addresses { v4, v6 }) => vec![
            format!("{v4}/{}", Addresses::V4_PREFIX),
            format!("{v6}/{}", Addresses::V6_PREFIX),
        ],
        None => vec!["no address".to_owned()],
    }
}

/// Returns what is to be known of a network besides its name.
pub(super) fn of_network(lab: &Lab, network: &Network) -> Vec<String> {
    let mut words = subnets(lab, network);
    if network.trunk {
        words.push("trunk".to_owned());
    }
    if network.mtu != USUAL_MTU {
        words.push(format!("mtu {}", network.mtu));
    }
    words
}

/// Returns the subnets of a network, by the address of any node there.
fn subnets(lab: &Lab, network: &Network) -> Vec<String> {
    let mut ports = lab.nodes.iter().flat_map(|node| &node.ports);
    let address = ports.find_map(|port| port.address.filter(|_| port.network == network.name));
    let Some(Addresses { v4, v6 }) = address else {
        return Vec::new();
    };
    let v4 = u32::from(v4) & u32::MAX << (32 - Addresses::V4_PREFIX);
    let v6 = u128::from(v6) & u128::MAX << (128 - Addresses::V6_PREFIX);
    vec![
        format!("{}/{}", Ipv4Addr::from(v4), Addresses::V4_PREFIX),
        format!("{}/{}", Ipv6Addr::from(v6), Addresses::V6_PREFIX),
    ]
}
