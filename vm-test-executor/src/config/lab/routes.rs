//! The routes of a lab's nodes: the way to everywhere, and the ways to networks behind routers.
//!
//! Nothing outside of a translating router knows the addresses of version 4 behind it. Those of
//! version 6 are not translated, so each node upstream has a route to them.

use super::addresses;
use super::topology::{Addresses, Network, Node};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use vm_test_protocol::machine::Route;

/// Gives each port the routes through it.
pub(super) fn add(networks: &[Network], nodes: &mut [Node]) {
    for node in nodes {
        let number = |name: &str| (0u8..).zip(networks).find(|(_, it)| it.name == name);
        let on: Vec<u8> = node
            .ports
            .iter()
            .filter_map(|port| number(&port.network).map(|(number, _)| number))
            .collect();
        // A router's second port has what it does.
        let own = node.ports.iter().any(|port| port.forwarding.is_some());
        let own = own.then(|| on[0]);
        let is_routed = |network: &u8| networks[usize::from(*network)].router.is_some();
        let default = on.iter().position(|it| is_routed(it) && own != Some(*it));
        if let Some(at) = default {
            let Addresses { v4, v6 } = addresses::of_router(on[at]);
            node.ports[at].routes.extend([
                route(Ipv4Addr::UNSPECIFIED, 0, v4),
                route(Ipv6Addr::UNSPECIFIED, 0, v6),
            ]);
        }
        for behind in 0..networks.len() {
            let Ok(behind) = u8::try_from(behind) else {
                continue;
            };
            if on.contains(&behind) {
                continue;
            }
            if let Some((at, via)) = way(networks, &on, behind) {
                let (prefix, length) = addresses::prefix(behind);
                node.ports[at].routes.push(route(prefix, length, via));
            }
        }
    }
}

/// Returns the port and the router through which a node on these networks reaches a network that is
/// behind routers of them.
fn way(networks: &[Network], on: &[u8], behind: u8) -> Option<(usize, Ipv6Addr)> {
    let mut at = behind;
    loop {
        let upstream = networks[usize::from(at)].router.as_ref()?.upstream;
        if let Some(port) = on.iter().position(|it| *it == upstream) {
            return Some((port, addresses::of_outside(upstream, at).v6));
        }
        at = upstream;
    }
}

fn route(to: impl Into<IpAddr>, prefix: u8, via: impl Into<IpAddr>) -> Route {
    Route {
        to: to.into(),
        prefix,
        via: via.into(),
    }
}
