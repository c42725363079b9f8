//! Which frames belong to the proxy before a port of a node, though they are for the node: what rules
//! of the packet filter say of frames on the bridges, said of those that the relay carries. Carries
//! none.

use crate::proxy::Start;
use std::collections::BTreeMap;
use std::net::IpAddr;
use vm_test_protocol::dissection::Dissection;

/// The number of TCP above IP.
const TCP: u8 = 6;

/// The proxies of a lab, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Diverted {
    proxies: BTreeMap<u64, Start>,
}

impl Diverted {
    /// Frames for this proxy belong to it from now on.
    pub(super) fn begin(&mut self, number: u64, proxy: Start) {
        self.proxies.insert(number, proxy);
    }

    /// Frames for this proxy are the node's again.
    pub(super) fn end(&mut self, number: u64) {
        self.proxies.remove(&number);
    }

    /// Returns the ports of a network before which proxies stand.
    pub(super) fn ports(&self, network: usize) -> impl Iterator<Item = u16> {
        let is_there = move |proxy: &&Start| {
            let mut places = proxy.places.iter();
            places.any(|place| place.network == network)
        };
        self.proxies
            .values()
            .filter(is_there)
            .map(|proxy| proxy.port)
    }

    /// Returns the node before which the proxy stands that a frame of a network belongs to.
    pub(super) fn node_of(&self, network: usize, frame: &[u8]) -> Option<usize> {
        if self.proxies.is_empty() {
            return None;
        }
        let read = Dissection::of(frame);
        let (from, to) = read.addresses?;
        let (_, port) = read.ports?;
        if read.protocol != Some(TCP) || !read.vlans.is_empty() {
            return None;
        }
        let belongs = |proxy: &&Start| {
            let is_there = |place: &crate::proxy::Place| {
                let is_neighbour = shares_prefix(from, place.of_node, place.prefix);
                place.network == network && place.of_node == to && is_neighbour
            };
            proxy.port == port && proxy.places.iter().any(is_there)
        };
        self.proxies.values().find(belongs).map(|proxy| proxy.node)
    }
}

/// Returns whether the first so many bits of two addresses are alike.
fn shares_prefix(one: IpAddr, other: IpAddr, bits: u8) -> bool {
    let bits = u32::from(bits);
    match (one, other) {
        (IpAddr::V4(one), IpAddr::V4(other)) => {
            let differ = one.to_bits() ^ other.to_bits();
            differ.leading_zeros() >= bits
        }
        (IpAddr::V6(one), IpAddr::V6(other)) => {
            let differ = one.to_bits() ^ other.to_bits();
            differ.leading_zeros() >= bits
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::Place;
    use vm_test_protocol::proxy::ProxySettings;

    /// Returns a frame of IP version 4 with the beginning of TCP or another protocol.
    fn frame(from: [u8; 4], to: [u8; 4], protocol: u8, port: u16) -> Vec<u8> {
        let mut frame = vec![2; 12];
        frame.extend([0x08, 0x00, 0x45, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0]);
        frame.extend(from.into_iter().chain(to));
        frame.extend([0x80, 0x00]);
        frame.extend(port.to_be_bytes());
        frame.resize(54, 0);
        frame
    }

    #[test]
    fn only_what_a_neighbour_sends_to_the_port_belongs_to_the_proxy() {
        let mut diverted = Diverted::default();
        let (near, far, db) = ([10, 213, 4, 3], [10, 213, 5, 3], [10, 213, 4, 2]);
        let of = |diverted: &Diverted, network, frame: Vec<u8>| diverted.node_of(network, &frame);
        assert_eq!(of(&diverted, 3, frame(near, db, TCP, 6379)), None);
        let proxy = Start {
            node: 7,
            port: 6379,
            places: vec![Place {
                network: 3,
                of_node: db.into(),
                own: [10, 213, 4, 100].into(),
                prefix: 24,
            }],
            settings: ProxySettings {
                protocol: "redis".to_owned(),
                rules: Vec::new(),
                seed: 0,
            },
        };
        diverted.begin(1, proxy);
        for (network, frame, node) in [
            (3, frame(near, db, TCP, 6379), Some(7)),
            (2, frame(near, db, TCP, 6379), None),
            (3, frame(near, db, TCP, 6380), None),
            (3, frame(near, db, 17, 6379), None),
            (3, frame(far, db, TCP, 6379), None),
            (3, frame(db, near, TCP, 6379), None),
            (3, vec![2; 14], None),
        ] {
            assert_eq!(of(&diverted, network, frame.clone()), node, "{frame:?}");
        }
        diverted.end(1);
        assert_eq!(of(&diverted, 3, frame(near, db, TCP, 6379)), None);
    }

    #[test]
    fn prefixes_are_compared_bit_by_bit_and_within_one_version() {
        let [one, other]: [IpAddr; 2] =
            ["fd76:0:0:4::2", "fd76:0:0:4:8000::3"].map(|it| it.parse().unwrap());
        assert!(shares_prefix(one, other, 64));
        assert!(!shares_prefix(one, other, 65));
        assert!(shares_prefix(one, one, 128));
        assert!(!shares_prefix(one, [10, 0, 0, 1].into(), 0));
    }
}
