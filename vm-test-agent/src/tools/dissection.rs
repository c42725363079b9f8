//! What a frame says of itself: tags of VLANs, addresses, ports, payload. Reads as far as the frame
//! goes; whatever does not fit is left out.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How many tags, and how many extension headers, are looked through.
const MOST_TAGS: usize = 8;
const MOST_EXTENSIONS: usize = 16;

/// Types of tags of VLANs.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// Types of what frames have in them.
const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
const IPV6: u16 = 0x86dd;

/// Numbers of protocols above IP.
pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;
const ICMP: u8 = 1;
const ICMPV6: u8 = 58;

/// Extension headers of IPv6, all but the last two of the same form.
const EXTENSIONS: [u8; 6] = [0, 43, 60, 135, 139, 140];
const FRAGMENT: u8 = 44;
const AUTHENTICATION: u8 = 51;

/// How much of a payload is shown, in bytes.
const SHOWN: usize = 32;

/// A frame, as far as it can be read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Dissection<'a> {
    /// The ids of its VLANs, the outermost first.
    pub(super) vlans: Vec<u16>,
    /// The type of what is in it.
    pub(super) ether_type: Option<u16>,
    /// The addresses of the sender and the receiver.
    pub(super) addresses: Option<(IpAddr, IpAddr)>,
    /// The protocol above IP.
    pub(super) protocol: Option<u8>,
    /// Whether it is a fragment of a packet, but not the first one: then it has no ports.
    pub(super) is_later_fragment: bool,
    /// The ports of the sender and the receiver.
    pub(super) ports: Option<(u16, u16)>,
    /// The type of a message of ICMP.
    icmp_type: Option<u8>,
    /// What is behind all headers.
    pub(super) payload: &'a [u8],
}

impl<'a> Dissection<'a> {
    /// Reads a frame, and a tag that the kernel has taken out of it: its type and its content.
    pub(super) fn of(frame: &'a [u8], taken_out: Option<(u16, u16)>) -> Self {
        let mut it = Self::default();
        it.vlans.extend(taken_out.map(|(_, content)| id(content)));
        let mut at = 12;
        while let Some(kind) = word(frame, at) {
            at += 2;
            if !TAGS.contains(&kind) || it.vlans.len() >= MOST_TAGS {
                it.ether_type = Some(kind);
                break;
            }
            let Some(content) = word(frame, at) else {
                break;
            };
            at += 2;
            it.vlans.push(id(content));
        }
        let Some(kind) = it.ether_type else {
            return it;
        };
        let rest = frame.get(at..).unwrap_or_default();
        match kind {
            IPV4 => it.read_v4(rest),
            IPV6 => it.read_v6(rest),
            _ => it.payload = rest,
        }
        it
    }

    fn read_v4(&mut self, packet: &'a [u8]) {
        let Some(header) = packet.get(..20).filter(|header| header[0] >> 4 == 4) else {
            return;
        };
        let address = |at: usize| {
            let bytes: [u8; 4] = header[at..at + 4].try_into().unwrap_or_default();
            Ipv4Addr::from(bytes).into()
        };
        self.addresses = Some((address(12), address(16)));
        self.protocol = Some(header[9]);
        let fragment = u16::from_be_bytes([header[6], header[7]]);
        self.is_later_fragment = fragment & 0x1fff != 0;
        let length = usize::from(header[0] & 0xf) * 4;
        let total = usize::from(u16::from_be_bytes([header[2], header[3]]));
        // Short frames are filled up; packets that the card will cut up may have no length.
        let end = if total == 0 {
            packet.len()
        } else {
            total.min(packet.len())
        };
        if let Some(rest) = packet.get(length.max(20)..end) {
            self.read_above(header[9], rest);
        }
    }

    fn read_v6(&mut self, packet: &'a [u8]) {
        let Some(header) = packet.get(..40).filter(|header| header[0] >> 4 == 6) else {
            return;
        };
        let address = |at: usize| {
            let bytes: [u8; 16] = header[at..at + 16].try_into().unwrap_or_default();
            Ipv6Addr::from(bytes).into()
        };
        self.addresses = Some((address(8), address(24)));
        let length = usize::from(u16::from_be_bytes([header[4], header[5]]));
        let end = if length == 0 {
            packet.len()
        } else {
            packet.len().min(40 + length)
        };
        let mut rest = &packet[40..end];
        let mut next = header[6];
        for _ in 0..MOST_EXTENSIONS {
            let length = match next {
                FRAGMENT => 8,
                AUTHENTICATION => rest.get(1).map_or(0, |words| (usize::from(*words) + 2) * 4),
                _ if EXTENSIONS.contains(&next) => rest
                    .get(1)
                    .map_or(0, |blocks| (usize::from(*blocks) + 1) * 8),
                _ => {
                    self.protocol = Some(next);
                    return self.read_above(next, rest);
                }
            };
            let Some(behind) = rest.get(length.max(1)..) else {
                return;
            };
            if next == FRAGMENT {
                let offset = u16::from_be_bytes([rest[2], rest[3]]) >> 3;
                self.is_later_fragment |= offset != 0;
            }
            next = rest[0];
            if self.is_later_fragment {
                // What follows belongs to the middle of something.
                self.protocol = Some(next);
                self.payload = behind;
                return;
            }
            rest = behind;
        }
    }

    fn read_above(&mut self, protocol: u8, rest: &'a [u8]) {
        if self.is_later_fragment {
            self.payload = rest;
            return;
        }
        let header = match protocol {
            UDP => 8,
            TCP => rest
                .get(12)
                .map_or(20, |length| usize::from(length >> 4) * 4),
            ICMP | ICMPV6 => 8,
            _ => 0,
        };
        if matches!(protocol, TCP | UDP)
            && let (Some(from), Some(to)) = (word(rest, 0), word(rest, 2))
        {
            self.ports = Some((from, to));
        }
        if matches!(protocol, ICMP | ICMPV6) {
            self.icmp_type = rest.first().copied();
        }
        self.payload = rest.get(header..).unwrap_or_default();
    }
}

/// Returns the id in the content of a tag.
fn id(content: u16) -> u16 {
    content & 0xfff
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let bytes = bytes.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

/// Describes the frame in one line.
impl fmt::Display for Dissection<'_> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.protocol, self.ether_type) {
            (Some(TCP), _) => to.write_str("TCP")?,
            (Some(UDP), _) => to.write_str("UDP")?,
            (Some(ICMP), _) => to.write_str("ICMP")?,
            (Some(ICMPV6), _) => to.write_str("ICMPv6")?,
            (Some(protocol), _) => write!(to, "IP protocol {protocol}")?,
            (None, Some(ARP)) => to.write_str("ARP")?,
            (None, Some(kind)) => write!(to, "type {kind:#06x}")?,
            (None, None) => to.write_str("no type")?,
        }
        match (self.addresses, self.ports) {
            (Some((source, destination)), Some((from, port))) => {
                let (from, port) = (
                    SocketAddr::new(source, from),
                    SocketAddr::new(destination, port),
                );
                write!(to, " {from} > {port}")?;
            }
            (Some((source, destination)), None) => write!(to, " {source} > {destination}")?,
            (None, _) => {}
        }
        if let Some(kind) = self.icmp_type {
            write!(to, ", type {kind}")?;
        }
        if self.is_later_fragment {
            to.write_str(", a later fragment")?;
        }
        for vlan in &self.vlans {
            write!(to, ", VLAN {vlan}")?;
        }
        let shown = &self.payload[..self.payload.len().min(SHOWN)];
        let more = if shown.len() < self.payload.len() {
            "…"
        } else {
            ""
        };
        write!(
            to,
            ", {} bytes: \"{}{more}\"",
            self.payload.len(),
            shown.escape_ascii()
        )
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns a frame with these tags, each with the type given, that has this in it.
    pub(in super::super) fn frame(tags: &[(u16, u16)], kind: u16, content: &[u8]) -> Vec<u8> {
        let mut frame = vec![0xee; 12];
        for (kind, content) in tags {
            frame.extend(kind.to_be_bytes());
            frame.extend(content.to_be_bytes());
        }
        frame.extend(kind.to_be_bytes());
        frame.extend(content);
        frame
    }

    /// Returns a packet of version 4 from 10.0.0.1 to 10.0.0.2.
    pub(in super::super) fn v4(protocol: u8, fragment: u16, content: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x45, 0];
        packet.extend((20 + content.len() as u16).to_be_bytes());
        packet.extend([0, 0]);
        packet.extend(fragment.to_be_bytes());
        packet.extend([64, protocol, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2]);
        packet.extend(content);
        packet
    }

    /// Returns a packet of version 6 from fd00::1 to fd00::2.
    pub(in super::super) fn v6(next: u8, content: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0];
        packet.extend((content.len() as u16).to_be_bytes());
        packet.extend([next, 64]);
        for last in [1, 2] {
            packet.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last]);
        }
        packet.extend(content);
        packet
    }

    pub(in super::super) fn udp(from: u16, to: u16, content: &[u8]) -> Vec<u8> {
        let ports = [from.to_be_bytes(), to.to_be_bytes()].concat();
        [ports, vec![0; 4], content.to_vec()].concat()
    }

    fn words(frame: &[u8], taken_out: Option<(u16, u16)>) -> String {
        Dissection::of(frame, taken_out).to_string()
    }

    #[test]
    fn frames_are_read_through_all_of_their_headers() {
        let datagram = udp(5, 4444, b"hello");
        let plain = frame(&[], IPV4, &v4(UDP, 0x4000, &datagram));
        let expected = "UDP 10.0.0.1:5 > 10.0.0.2:4444, 5 bytes: \"hello\"";
        assert_eq!(words(&plain, None), expected);
        let filled = [plain, vec![0; 13]].concat();
        assert_eq!(words(&filled, None), expected, "short frames are filled up");

        let mut tcp = udp(5, 80, b"");
        tcp.extend([0; 4]);
        tcp.extend([0x60, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
        tcp.extend(b"GET");
        assert_eq!(
            words(&frame(&[], IPV6, &v6(TCP, &tcp)), None),
            "TCP [fd00::1]:5 > [fd00::2]:80, 3 bytes: \"GET\""
        );
        let ping = frame(&[], IPV4, &v4(ICMP, 0, &[8, 0, 0, 0, 0, 0, 0, 0, b'x']));
        assert_eq!(
            words(&ping, None),
            "ICMP 10.0.0.1 > 10.0.0.2, type 8, 1 bytes: \"x\""
        );
        let arp = frame(&[], ARP, &[0; 40]);
        let shown = "\\x00".repeat(32);
        assert_eq!(words(&arp, None), format!("ARP, 40 bytes: \"{shown}…\""));
    }

    #[test]
    fn tags_are_read_whether_the_kernel_has_taken_one_out_or_not() {
        let packet = v4(UDP, 0, &udp(5, 6, b""));
        let vlans = |tags: &[(u16, u16)], taken_out| {
            let frame = frame(tags, IPV4, &packet);
            let it = Dissection::of(&frame, taken_out);
            assert_eq!(it.ports, Some((5, 6)));
            it.vlans
        };
        // Priorities are no part of the id.
        assert_eq!(vlans(&[(0x8100, 0xe05d)], None), [93]);
        assert_eq!(vlans(&[], Some((0x8100, 0xe05d))), [93]);
        assert_eq!(vlans(&[(0x8100, 93)], Some((0x88a8, 7))), [7, 93]);
        assert_eq!(vlans(&[(0x88a8, 7), (0x8100, 93)], None), [7, 93]);
        let endless = frame(&[(0x8100, 1); 40], IPV4, &packet);
        assert_eq!(Dissection::of(&endless, None).vlans.len(), MOST_TAGS);
    }

    #[test]
    fn later_fragments_have_a_protocol_and_no_ports() {
        let first = frame(&[], IPV4, &v4(UDP, 0x2000, &udp(5, 6, b"x")));
        assert_eq!(Dissection::of(&first, None).ports, Some((5, 6)));
        let later = frame(&[], IPV4, &v4(UDP, 0x2001, &udp(5, 6, b"x")));
        let it = Dissection::of(&later, None);
        assert_eq!((it.protocol, it.ports), (Some(UDP), None));
        assert_eq!(it.payload.len(), 9);
        assert!(it.to_string().contains(", a later fragment, 9 bytes"));
        for (offset, ports) in [(0, Some((5, 6))), (8, None)] {
            let header = [UDP, 0, 0, offset | 1, 0, 0, 0, 1];
            let content = [&header[..], &udp(5, 6, b"x")].concat();
            let frame = frame(&[], IPV6, &v6(FRAGMENT, &content));
            let it = Dissection::of(&frame, None);
            assert_eq!((it.protocol, it.ports), (Some(UDP), ports));
        }
    }

    #[test]
    fn extension_headers_are_passed_by() {
        let mut content = vec![60, 0, 0, 0, 0, 0, 0, 0];
        content.extend([AUTHENTICATION, 1]);
        content.extend([0; 14]);
        content.extend([UDP, 4]);
        content.extend([0; 22]);
        content.extend(udp(5, 6, b"hello"));
        let content = frame(&[], IPV6, &v6(0, &content));
        let it = Dissection::of(&content, None);
        assert_eq!((it.ports, it.payload), (Some((5, 6)), &b"hello"[..]));
        let endless = frame(&[], IPV6, &v6(0, &[0; 8 * 20]));
        assert_eq!(Dissection::of(&endless, None).protocol, None);
    }

    #[test]
    fn whatever_is_cut_short_or_lies_about_its_length_is_read_as_far_as_it_goes() {
        let mut content = vec![UDP, 255, 0, 0, 0, 0, 0, 0];
        content.extend(udp(5, 6, b"hello"));
        for frame in [
            frame(&[(0x8100, 93)], IPV4, &v4(UDP, 0, &udp(5, 6, b"hello"))),
            frame(
                &[(0x8100, 93)],
                IPV4,
                &v4(TCP, 0, &udp(5, 6, b"hello world")),
            ),
            frame(&[], IPV6, &v6(0, &content)),
            frame(&[], IPV6, &v6(FRAGMENT, &content)),
            frame(&[], IPV6, &v6(AUTHENTICATION, &content)),
        ] {
            for end in 0..=frame.len() {
                let _ = words(&frame[..end], None);
            }
            for at in 12..frame.len() {
                for value in [0, 1, 0x4f, 0x7f, 0xff] {
                    let mut strange = frame.clone();
                    strange[at] = value;
                    let _ = words(&strange, None);
                }
            }
        }
        let mut short = v4(UDP, 0, &udp(5, 6, b"hello"));
        short[3] = 4;
        assert_eq!(
            words(&frame(&[], IPV4, &short), None),
            "UDP 10.0.0.1 > 10.0.0.2, 0 bytes: \"\""
        );
    }
}
