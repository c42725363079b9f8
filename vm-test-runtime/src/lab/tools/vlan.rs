//! Interfaces for VLANs on nodes; they go with their handle.

use super::super::handle::Node;
use super::line::Line;
use std::net::IpAddr;
use vm_test_protocol::tool::Tool;

/// The highest id of a VLAN.
const LAST: u16 = 4094;

/// An interface for a VLAN. Dropped, it is removed.
#[derive(Debug)]
#[must_use = "the interface is removed when this is dropped"]
pub struct Vlan {
    _line: Line,
    interface: String,
    address: IpAddr,
}

impl Node {
    /// Makes an interface for a VLAN on the node's interface to a network, gives it this address, as
    /// in `192.168.93.2/24`, and brings it up.
    ///
    /// Its name is that of the node's interface with the id, as in `eth0.93`.
    ///
    /// # Panics
    /// If the node is not on this network, or its kernel has no VLANs: a container has those of the
    /// host's kernel.
    #[track_caller]
    pub fn vlan(&self, network: &str, id: u16, address: &str) -> Vlan {
        let below = self.interface(network);
        let Some((ip, prefix)) = with_prefix(address) else {
            panic!(
                "cannot make VLAN {id}: `{address}` is no address with a prefix\nhint: write it as in `192.168.93.2/24`"
            );
        };
        assert!(
            (1..=LAST).contains(&id),
            "cannot make VLAN {id}: its id is none from 1 to {LAST}"
        );
        let tool = Tool::Vlan {
            interface: below.to_owned(),
            id,
            address: (ip, prefix),
        };
        match Line::ready(*self, tool) {
            Ok((line, _)) => Vlan {
                _line: line,
                interface: format!("{below}.{id}"),
                address: ip,
            },
            Err(failure) => panic!("{failure}"),
        }
    }
}

impl Vlan {
    /// Returns the name of the interface.
    #[must_use]
    pub fn interface(&self) -> &str {
        &self.interface
    }

    /// Returns its address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }
}

/// Reads an address with the length of its network's prefix.
fn with_prefix(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = text.split_once('/')?;
    let address: IpAddr = address.parse().ok()?;
    let longest = if address.is_ipv4() { 32 } else { 128 };
    let prefix = prefix.parse().ok().filter(|prefix| *prefix <= longest)?;
    Some((address, prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_prefix_that_fits() {
        let v4 = Some(([192, 168, 93, 2].into(), 24));
        assert_eq!(with_prefix("192.168.93.2/24"), v4);
        assert_eq!(with_prefix("fd00::1/128").unwrap().1, 128);
        for text in [
            "192.168.93.2",
            "192.168.93.2/33",
            "a/8",
            "fd00::1/129",
            "1.2.3.4/-1",
        ] {
            assert_eq!(with_prefix(text), None, "{text}");
        }
    }
}
