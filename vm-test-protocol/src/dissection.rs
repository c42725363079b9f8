//! What a frame says of itself: tags of VLANs, addresses, ports, length, payload. Reads as far as the
//! frame goes; whatever does not fit is left out.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// How many tags, and how many extension headers, are looked through.
const MOST_TAGS: usize = 8;
const MOST_EXTENSIONS: usize = 16;

/// Types of tags of VLANs.
const TAGS: [u16; 3] = [0x8100, 0x88a8, 0x9100];

/// Types of what frames have in them.
pub(crate) const IPV4: u16 = 0x0800;
const ARP: u16 = 0x0806;
pub(crate) const IPV6: u16 = 0x86dd;

/// Numbers of protocols above IP.
pub(crate) const TCP: u8 = 6;
pub(crate) const UDP: u8 = 17;
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
pub struct Dissection<'a> {
    /// The ids of its VLANs, the outermost first.
    pub vlans: Vec<u16>,
    /// The type of what is in it.
    pub ether_type: Option<u16>,
    /// The addresses of the sender and the receiver.
    pub addresses: Option<(IpAddr, IpAddr)>,
    /// The protocol above IP.
    pub protocol: Option<u8>,
    /// Whether it is a fragment of a packet, but not the first one: then it has no ports.
    pub is_later_fragment: bool,
    /// The ports of the sender and the receiver.
    pub ports: Option<(u16, u16)>,
    /// The type of a message of ICMP.
    icmp_type: Option<u8>,
    /// The length of the packet, its own header included, in bytes.
    pub length: usize,
    /// What is behind all headers.
    pub payload: &'a [u8],
}

impl<'a> Dissection<'a> {
    /// Reads a frame with all of its tags.
    #[must_use]
    pub fn of(frame: &'a [u8]) -> Self {
        let mut it = Self::default();
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
        it.length = rest.len();
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
        self.length = end;
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
        self.length = end;
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
pub(crate) mod tests;
