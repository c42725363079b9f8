//! Whether a frame is among those that a sniffer counts.

use super::dissection::Dissection;
use vm_test_protocol::tool::Filter;

/// Returns whether the frame matches everything that is given.
pub(super) fn matches(filter: &Filter, frame: &Dissection<'_>, is_outgoing: bool) -> bool {
    // Named one by one, so that nothing that can be given is forgotten here.
    let Filter {
        vlan,
        ether_type,
        protocols,
        source,
        destination,
        source_port,
        destination_port,
        port,
        is_outgoing: direction,
        contains,
    } = filter;
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
        && memchr::memmem::find(frame.payload, contains).is_some()
}

#[cfg(test)]
mod tests {
    use super::super::dissection::tests::{frame, udp, v4, v6};
    use super::super::dissection::{TCP, UDP};
    use super::*;

    /// Returns whether a filter that is this one, changed like this, matches a frame.
    fn counts(frame: &[u8], change: impl FnOnce(&mut Filter)) -> bool {
        let mut filter = Filter::default();
        change(&mut filter);
        matches(&filter, &Dissection::of(frame), false)
    }

    #[test]
    fn everything_that_is_given_must_match_and_nothing_else() {
        let datagram = udp(5, 4444, b"say hello");
        let tagged = frame(&[(0x88a8, 7), (0x8100, 93)], 0x0800, &v4(UDP, 0, &datagram));
        type Change = fn(&mut Filter);
        let right: [Change; 12] = [
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
            |filter| filter.is_outgoing = Some(false),
            |filter| filter.contains = b"hello".to_vec(),
        ];
        let wrong: [Change; 11] = [
            |filter| filter.vlan = Some(Some(92)),
            |filter| filter.vlan = Some(None),
            |filter| filter.ether_type = Some(0x86dd),
            |filter| filter.protocols = vec![TCP],
            |filter| filter.source = Some([10, 0, 0, 2].into()),
            |filter| filter.destination = Some([10, 0, 0, 1].into()),
            |filter| filter.source_port = Some(4444),
            |filter| filter.destination_port = Some(5),
            |filter| filter.port = Some(6),
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
