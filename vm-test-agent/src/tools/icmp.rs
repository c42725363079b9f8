//! Echo requests and what comes back for them, as bytes of ICMP. Does no I/O.

/// The types of messages that concern echo requests, of both versions.
const V4_REPLY: u8 = 0;
const V4_UNREACHABLE: u8 = 3;
const V4_REQUEST: u8 = 8;
const V4_EXCEEDED: u8 = 11;
const V6_UNREACHABLE: u8 = 1;
const V6_TOO_BIG: u8 = 2;
const V6_EXCEEDED: u8 = 3;
const V6_REQUEST: u8 = 128;
const V6_REPLY: u8 = 129;

/// The length of the header of an echo request.
const HEADER: usize = 8;

/// How many bytes follow it, as those of the program `ping` do.
const PAYLOAD: usize = 56;

/// The identity of a series of requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Series {
    /// Whether they are of version 6.
    pub(super) is_v6: bool,
    /// The number of the series, which the answers repeat.
    pub(super) id: u16,
}

/// What came back for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    /// The number of the request in its series.
    pub(super) number: u16,
    /// What came.
    pub(super) kind: Kind,
}

/// What kind of answer it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The reply.
    Reply,
    /// A router's word that the request has passed as many routers as it may.
    Exceeded,
    /// A router's word, or the host's own, that it goes no further, and why.
    Undelivered(&'static str),
}

impl Series {
    /// Returns a request.
    pub(super) fn request(self, number: u16) -> Vec<u8> {
        let kind = if self.is_v6 { V6_REQUEST } else { V4_REQUEST };
        let mut bytes = vec![kind, 0, 0, 0];
        bytes.extend(self.id.to_be_bytes());
        bytes.extend(number.to_be_bytes());
        bytes.extend((0u8..).take(PAYLOAD));
        // With version 6 the kernel does it, since the addresses are a part of the sum.
        if !self.is_v6 {
            let sum = checksum(&bytes);
            bytes[2..4].copy_from_slice(&sum.to_be_bytes());
        }
        bytes
    }

    /// Reads what a raw socket has received: version 4 with its IP header, version 6 without.
    ///
    /// Returns `None` for whatever is no answer to a request of this series.
    pub(super) fn answer(self, packet: &[u8]) -> Option<Answer> {
        let message = if self.is_v6 {
            packet
        } else {
            behind_v4(packet)?
        };
        let (kind, code) = (*message.first()?, *message.get(1)?);
        let about = match (self.is_v6, kind) {
            (false, V4_REPLY) | (true, V6_REPLY) => {
                if !self.is_v6 && checksum(message) != 0 {
                    return None;
                }
                return self.of(message, kind, Kind::Reply);
            }
            (false, V4_EXCEEDED) if code == 0 => Kind::Exceeded,
            (true, V6_EXCEEDED) if code == 0 => Kind::Exceeded,
            (false, V4_UNREACHABLE) => Kind::Undelivered(v4_reason(code)),
            (true, V6_UNREACHABLE) => Kind::Undelivered(v6_reason(code)),
            (true, V6_TOO_BIG) => Kind::Undelivered("it is too long"),
            _ => return None,
        };
        // The packet that it is about follows, or the beginning of it.
        let packet = message.get(HEADER..)?;
        let (request, kind) = if self.is_v6 {
            (packet.get(40..)?, V6_REQUEST)
        } else {
            (behind_v4(packet)?, V4_REQUEST)
        };
        self.of(request, kind, about)
    }

    fn of(self, message: &[u8], of_type: u8, kind: Kind) -> Option<Answer> {
        let number = |at: usize| {
            let bytes = message.get(at..at + 2)?;
            Some(u16::from_be_bytes([bytes[0], bytes[1]]))
        };
        let is_own = message.first() == Some(&of_type) && number(4) == Some(self.id);
        is_own.then_some(Answer {
            number: number(6)?,
            kind,
        })
    }
}

/// Returns what is in a packet of version 4, if it is ICMP.
fn behind_v4(packet: &[u8]) -> Option<&[u8]> {
    let length = usize::from(packet.first()? & 0xf) * 4;
    let is_icmp = packet.first()? >> 4 == 4 && length >= 20 && *packet.get(9)? == 1;
    packet.get(length..).filter(|_| is_icmp)
}

/// Returns the sum that makes the sum over all of it, itself included, zero (RFC 1071).
fn checksum(bytes: &[u8]) -> u16 {
    let pairs = bytes.chunks(2).map(|pair| {
        let second = pair.get(1).copied().unwrap_or_default();
        u32::from(u16::from_be_bytes([pair[0], second]))
    });
    let mut sum: u32 = pairs.sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !u16::try_from(sum).unwrap_or_default()
}

fn v4_reason(code: u8) -> &'static str {
    match code {
        0 => "the network is unreachable",
        1 => "the host is unreachable",
        4 => "it is too long",
        9 | 10 | 13 => "it is prohibited",
        _ => "it is unreachable",
    }
}

fn v6_reason(code: u8) -> &'static str {
    match code {
        0 => "there is no route",
        1 | 5 | 6 => "it is prohibited",
        3 => "the host is unreachable",
        _ => "it is unreachable",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: Series = Series {
        is_v6: false,
        id: 0x1234,
    };
    const V6: Series = Series {
        is_v6: true,
        id: 0x1234,
    };

    /// Returns a packet of version 4 with options, as a raw socket receives it.
    fn packet(protocol: u8, message: &[u8]) -> Vec<u8> {
        let mut packet = vec![0; 24];
        (packet[0], packet[9]) = (0x46, protocol);
        packet.extend(message);
        packet
    }

    fn reply_to(mut request: Vec<u8>, kind: u8) -> Vec<u8> {
        (request[0], request[2], request[3]) = (kind, 0, 0);
        let sum = checksum(&request);
        request[2..4].copy_from_slice(&sum.to_be_bytes());
        request
    }

    #[test]
    fn the_checksum_is_that_of_the_standard() {
        // The example of RFC 1071.
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&bytes), !0xddf2);
        assert_eq!(checksum(&[0xff]), !0xff00, "an odd byte is the upper one");
        assert_eq!(checksum(&[]), 0xffff);
        assert_eq!(checksum(&[0xff; 65_536]), 0);
        for number in [0, 1, 0xffff] {
            assert_eq!(checksum(&V4.request(number)), 0);
        }
    }

    #[test]
    fn a_reply_is_known_by_its_series_and_its_number() {
        let reply = Some(Answer {
            number: 7,
            kind: Kind::Reply,
        });
        let v4 = reply_to(V4.request(7), V4_REPLY);
        assert_eq!(V4.answer(&packet(1, &v4)), reply);
        assert_eq!(V6.answer(&reply_to(V6.request(7), V6_REPLY)), reply);
        let other = Series { id: 1, ..V4 };
        assert_eq!(other.answer(&packet(1, &v4)), None);
        assert_eq!(V4.answer(&packet(1, &V4.request(7))), None, "a request");
        assert_eq!(V4.answer(&packet(17, &v4)), None, "another protocol");
        let mut damaged = v4;
        damaged[20] ^= 1;
        assert_eq!(V4.answer(&packet(1, &damaged)), None, "a damaged one");
    }

    #[test]
    fn errors_of_routers_are_known_by_the_request_in_them() {
        let v4 = |kind, code| {
            let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
            // Routers return the header and eight bytes.
            message.extend(packet(1, &V4.request(9)[..8]));
            V4.answer(&packet(1, &message))
        };
        let v6 = |kind, code| {
            let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
            message.extend([0; 40]);
            message.extend(&V6.request(9));
            V6.answer(&message)
        };
        for (answer, kind) in [
            (v4(11, 0), Kind::Exceeded),
            (v4(3, 1), Kind::Undelivered("the host is unreachable")),
            (v4(3, 13), Kind::Undelivered("it is prohibited")),
            (v6(3, 0), Kind::Exceeded),
            (v6(1, 0), Kind::Undelivered("there is no route")),
            (v6(2, 0), Kind::Undelivered("it is too long")),
        ] {
            assert_eq!(answer, Some(Answer { number: 9, kind }));
        }
        assert_eq!(v4(11, 1), None, "a fragment was late");
        assert_eq!(v4(5, 0), None, "a redirect");
    }

    #[test]
    fn whatever_is_cut_short_is_no_answer() {
        let mut message = vec![11, 0, 0, 0, 0, 0, 0, 0];
        message.extend(packet(1, &V4.request(9)[..8]));
        let whole = packet(1, &message);
        for end in 0..whole.len() {
            assert_eq!(V4.answer(&whole[..end]), None);
            V6.answer(&whole[..end]);
        }
        for first in 0..=255 {
            let mut strange = whole.clone();
            strange[0] = first;
            V4.answer(&strange);
            strange[24 + 8] = first;
            V4.answer(&strange);
        }
    }
}
