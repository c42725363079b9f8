//! The addresses of a lab's ports. They follow from the order of its networks and nodes alone, so a
//! lab has the same ones in every test.
//!
//! Two labs have equal addresses. They never meet, since each has network namespaces of its own.

use super::parts::{MOST_NETWORKS, MOST_NODES};
use super::topology::{Addresses, Network, Port};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The first two bytes of all addresses of version 4.
///
/// They are private, as programs expect it of a local network. Tests and tools usually take other
/// parts of the private ranges: 10.0.2 (QEMU), 10.0.3 (LXC), 10.88 (Podman), 10.96 and 10.244
/// (Kubernetes), 172.17 (Docker), 192.168. The shared range 100.64.0.0/10 is none to programs that
/// test for private addresses, and VPNs such as Tailscale use it.
const V4: [u8; 2] = [10, 213];

/// The first 48 bits of all addresses of version 6: a unique local prefix (RFC 4193), which spells
/// "vm-te".
const V6: [u16; 3] = [0xfd76, 0x6d2d, 0x7465];

/// The first bytes of all hardware addresses: of one interface and locally administered (the last
/// two bits of the first byte), then "vm".
const HARDWARE: [u8; 4] = [0x02, 0x76, 0x6d, 0];

/// The last number of a router on its own network. The one after it is for broadcasts.
const ROUTER: u8 = 254;

/// The last number on another network of the first network's router. Those of the others follow
/// downwards.
const FIRST_OUTSIDE: u8 = ROUTER - 1;

/// The last numbers that the nodes behind one-to-one routers get on the networks that these lead to.
const MAPPED: std::ops::Range<u8> = 101..FIRST_OUTSIDE - MOST_NETWORKS as u8;

/// The last number of a lab's proxies, which have one address on each network.
const PROXY: u8 = 100;

// Networks and nodes are counted from 1, in one byte each. One network more than are declared may
// be the one that routers lead to.
const _: () =
    assert!(MOST_NETWORKS + 1 < 255 && MOST_NODES < PROXY as usize && PROXY < MAPPED.start);

/// Returns the port of a node on a network: `network` and `node` are their numbers in the lab, and
/// `port` is the number of the port on the node, all from 0.
///
/// A node has the same last number on each of its networks.
pub(super) fn port(on: &Network, network: u8, node: u8, port: u8) -> Port {
    numbered(on, network, node + 1, port)
}

/// Returns the port of a network's router on that network.
pub(super) fn router(on: &Network, network: u8, port: u8) -> Port {
    numbered(on, network, ROUTER, port)
}

/// Returns the port of the router of network `of` on the network that it leads to.
pub(super) fn outside(on: &Network, network: u8, of: u8, port: u8) -> Port {
    numbered(on, network, FIRST_OUTSIDE - of, port)
}

/// Returns the addresses of a network's router on that network.
pub(super) fn of_router(network: u8) -> Addresses {
    at(network, ROUTER)
}

/// Returns the addresses of the router of network `of` on another network.
pub(super) fn of_outside(network: u8, of: u8) -> Addresses {
    at(network, FIRST_OUTSIDE - of)
}

/// Returns the addresses of a lab's proxies on a network.
pub(super) fn of_proxy(network: u8) -> Addresses {
    at(network, PROXY)
}

/// Returns one of the addresses on a network for nodes that are behind one-to-one routers, which are
/// counted from 0.
pub(super) fn mapped(network: u8, number: u8) -> Option<Ipv4Addr> {
    let host = MAPPED.start.checked_add(number)?;
    MAPPED.contains(&host).then(|| at(network, host).v4)
}

/// Returns the addresses of version 6 of a network, with the length of their prefix.
pub(super) fn prefix(network: u8) -> (Ipv6Addr, u8) {
    (at(network, 0).v6, Addresses::V6_PREFIX)
}

fn at(network: u8, host: u8) -> Addresses {
    let network = network + 1;
    Addresses {
        v4: Ipv4Addr::new(V4[0], V4[1], network, host),
        v6: Ipv6Addr::new(V6[0], V6[1], V6[2], network.into(), 0, 0, 0, host.into()),
    }
}

fn numbered(on: &Network, network: u8, host: u8, port: u8) -> Port {
    let [first, second, third, fourth] = HARDWARE;
    Port {
        network: on.name.clone(),
        interface: format!("eth{port}"),
        hardware: [first, second, third, fourth, network + 1, host],
        address: (!on.trunk).then(|| at(network, host)),
        mapped: None,
        routes: Vec::new(),
        forwarding: None,
    }
}
