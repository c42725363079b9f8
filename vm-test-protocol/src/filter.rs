//! Which frames a sniffer counts, and which packets of a link a fault is for. Reads no frame itself:
//! a dissection says what there is.

use super::dissection::{Dissection, IPV4, IPV6, TCP};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Which frames are meant: those that match everything that is given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Filter {
    /// The id of a VLAN, in any of the frame's tags; `Some(None)` is a frame without a tag.
    pub vlan: Option<Option<u16>>,
    /// The type of what the frame has in it, as in 0x0806 for ARP.
    pub ether_type: Option<u16>,
    /// The number of the protocol above IP: 1 ICMP, 6 TCP, 17 UDP, 58 ICMPv6.
    pub protocols: Vec<u8>,
    /// The sender.
    pub source: Option<IpAddr>,
    /// The receiver.
    pub destination: Option<IpAddr>,
    /// The sender's port.
    pub source_port: Option<u16>,
    /// The receiver's port.
    pub destination_port: Option<u16>,
    /// The port of either of them.
    pub port: Option<u16>,
    /// How long the packet is at least and at most, its own header included, in bytes.
    pub length: Option<(u32, u32)>,
    /// Whether the node has sent it.
    pub is_outgoing: Option<bool>,
    /// Bytes that the payload has in it.
    #[serde(with = "super::bytes")]
    pub contains: Vec<u8>,
}

/// What every packet has that a filter matches, as its sender's or its receiver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// A port of TCP.
    Port(u16),
    /// An address of IP.
    Address(IpAddr),
}

impl Filter {
    /// Returns whether the frame matches everything that is given.
    ///
    /// `finds` returns whether its first argument has the second one somewhere.
    pub fn matches(
        &self,
        frame: &Dissection<'_>,
        is_outgoing: bool,
        finds: impl FnOnce(&[u8], &[u8]) -> bool,
    ) -> bool {
        // Named one by one, so that nothing that can be given is forgotten here.
        let Self {
            vlan,
            ether_type,
            protocols,
            source,
            destination,
            source_port,
            destination_port,
            port,
            length,
            is_outgoing: direction,
            contains,
        } = self;
        let is_vlan = |vlan: &Option<u16>| match vlan {
            Some(id) => frame.vlans.contains(id),
            None => frame.vlans.is_empty(),
        };
        let (from, to) = frame.addresses.unzip();
        let (from_port, to_port) = frame.ports.unzip();
        vlan.as_ref().is_none_or(is_vlan)
            && ether_type.is_none_or(|kind| frame.ether_type == Some(kind))
            && (protocols.is_empty() || frame.protocol.is_some_and(|own| protocols.contains(&own)))
            && source.is_none_or(|address| from == Some(address))
            && destination.is_none_or(|address| to == Some(address))
            && source_port.is_none_or(|port| from_port == Some(port))
            && destination_port.is_none_or(|port| to_port == Some(port))
            && port.is_none_or(|port| [from_port, to_port].contains(&Some(port)))
            && direction.is_none_or(|direction| direction == is_outgoing)
            && length.is_none_or(|(least, most)| {
                (least as usize..=most as usize).contains(&frame.length)
            })
            && (contains.is_empty() || finds(frame.payload, contains))
    }

    /// Returns what an untagged TCP packet has if it matches: one of these marks. Without any, no such
    /// packet matches; `None` is any packet.
    #[must_use]
    pub fn tcp_marks(&self) -> Option<Vec<Mark>> {
        let is_tcp = self.protocols.is_empty() || self.protocols.contains(&TCP);
        let is_ip = self
            .ether_type
            .is_none_or(|kind| [IPV4, IPV6].contains(&kind));
        let is_untagged = !matches!(self.vlan, Some(Some(_)));
        if !(is_tcp && is_ip && is_untagged) {
            return Some(Vec::new());
        }
        let ports = [self.source_port, self.destination_port, self.port];
        let port = ports.into_iter().flatten().next().map(Mark::Port);
        let address = self.source.or(self.destination).map(Mark::Address);
        Some(vec![port.or(address)?])
    }
}

#[cfg(test)]
mod tests {
    use super::super::dissection::UDP;
    use super::super::dissection::tests::{frame, udp, v4, v6};
    use super::*;

    /// Returns whether a filter that is this one, changed like this, matches a frame.
    fn counts(frame: &[u8], change: impl FnOnce(&mut Filter)) -> bool {
        let mut filter = Filter::default();
        change(&mut filter);
        let finds = |all: &[u8], part: &[u8]| all.windows(part.len()).any(|there| there == part);
        filter.matches(&Dissection::of(frame), false, finds)
    }

    #[test]
    fn everything_that_is_given_must_match_and_nothing_else() {
        let datagram = udp(5, 4444, b"say hello");
        let tagged = frame(&[(0x88a8, 7), (0x8100, 93)], 0x0800, &v4(UDP, 0, &datagram));
        type Change = fn(&mut Filter);
        let right: [Change; 13] = [
            |_| {},
            |filter| filter.vlan = Some(Some(93)),
            |filter| filter.vlan = Some(Some(7)),
            |filter| filter.ether_type = Some(0x0800),
            |filter| filter.protocols = vec![TCP, UDP],
            |filter| filter.source = Some([10, 0, 0, 1].into()),
            |filter| filter.destination = Some([10, 0, 0, 2].into()),
            |filter| filter.source_port = Some(5),
            |filter| filter.destination_port = Some(4444),
            |filter| filter.port = Some(5),
            |filter| filter.length = Some((37, 37)),
            |filter| filter.is_outgoing = Some(false),
            |filter| filter.contains = b"hello".to_vec(),
        ];
        let wrong: [Change; 13] = [
            |filter| filter.vlan = Some(Some(92)),
            |filter| filter.vlan = Some(None),
            |filter| filter.ether_type = Some(0x86dd),
            |filter| filter.protocols = vec![TCP],
            |filter| filter.source = Some([10, 0, 0, 2].into()),
            |filter| filter.destination = Some([10, 0, 0, 1].into()),
            |filter| filter.source_port = Some(4444),
            |filter| filter.destination_port = Some(5),
            |filter| filter.port = Some(6),
            |filter| filter.length = Some((38, 2000)),
            |filter| filter.length = Some((0, 36)),
            |filter| filter.is_outgoing = Some(true),
            |filter| filter.contains = b"hello!".to_vec(),
        ];
        for (number, change) in right.iter().enumerate() {
            assert!(counts(&tagged, change), "{number}");
            for (other, spoil) in wrong.iter().enumerate() {
                let both = |filter: &mut Filter| {
                    change(filter);
                    spoil(filter);
                };
                assert!(!counts(&tagged, both), "{number}, {other}");
            }
        }
        assert!(counts(&frame(&[], 0x0806, b""), |it| it.vlan = Some(None)));
    }

    #[test]
    fn what_a_frame_does_not_have_does_not_match() {
        let later = frame(&[], 0x0800, &v4(UDP, 1, &udp(5, 6, b"")));
        assert!(counts(&later, |filter| filter.protocols = vec![UDP]));
        assert!(!counts(&later, |filter| filter.port = Some(5)));
        let arp = frame(&[], 0x0806, b"hello");
        assert!(counts(&arp, |filter| filter.contains = b"hello".to_vec()));
        assert!(!counts(&arp, |filter| filter.protocols = vec![0]));
        let cut = &frame(&[], 0x86dd, &v6(UDP, &udp(5, 6, b"")))[..14 + 40 + 3];
        assert!(counts(cut, |filter| filter.protocols = vec![UDP]));
        assert!(!counts(cut, |filter| filter.port = Some(5)));
    }
}
