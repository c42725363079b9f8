//! The addresses of a lab's ports. They follow from the order of its networks and nodes alone, so a
//! lab has the same ones in every test.
//!
//! Two labs have equal addresses. They never meet, since each has network namespaces of its own.

use super::network::Network;
use super::parts::{MOST_NETWORKS, MOST_NODES};
use super::topology::{Addresses, Port};
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

// Networks and nodes are counted from 1, in one byte each. A node's last value would be the address
// for broadcasts, and the one before stays free for a router of the lab's own.
const _: () = assert!(MOST_NETWORKS < 255 && MOST_NODES < 254);

/// Returns the port of a node on a network: `network` and `node` are their numbers in the lab, and
/// `port` is the number of the port on the node, all from 0.
///
/// A node has the same last number on each of its networks.
pub(super) fn port(on: &Network, network: u8, node: u8, port: u8) -> Port {
    let (network, node) = (network + 1, node + 1);
    let address = (!on.trunk).then(|| Addresses {
        v4: Ipv4Addr::new(V4[0], V4[1], network, node),
        v6: Ipv6Addr::new(V6[0], V6[1], V6[2], network.into(), 0, 0, 0, node.into()),
    });
    let [first, second, third, fourth] = HARDWARE;
    Port {
        network: on.name.clone(),
        interface: format!("eth{port}"),
        hardware: [first, second, third, fourth, network, node],
        address,
    }
}
