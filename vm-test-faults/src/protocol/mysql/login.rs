//! The beginning of a connection: the server's greeting, and the client's answer to it, as far as
//! capabilities are concerned. Names and passwords pass unread.

use super::capabilities::Capabilities;
use super::packet::{HEADER, Header};

/// The longest greeting that is understood, with its header.
pub(super) const LONGEST_GREETING: usize = 4096;

/// The longest answer of a client; names, passwords and attributes of a connection are in it.
pub(super) const LONGEST_ANSWER: usize = 1 << 20;

/// How many bytes of the client's answer are looked at: those with capabilities.
pub(super) const ANSWER_HEAD: usize = 32;

/// The version of the protocol that all servers speak.
const VERSION: u8 = 10;

/// What a server's greeting says.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Greeting {
    /// The server wants no client; it will close the connection.
    Refusal,
    /// What the server can do, and where that stands in its packet.
    Offer(Offer),
    /// None that is understood.
    Unknown,
}

/// What a server offers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Offer {
    pub(super) capabilities: Capabilities,
    /// Where the lower 16 bits stand, and where the upper ones do.
    at: (usize, usize),
}

impl Greeting {
    /// Reads a whole packet.
    pub(super) fn read(packet: &[u8]) -> Self {
        match packet.get(HEADER) {
            Some(0xff) => Self::Refusal,
            Some(&VERSION) => Offer::read(packet).map_or(Self::Unknown, Self::Offer),
            _ => Self::Unknown,
        }
    }
}

impl Offer {
    fn read(packet: &[u8]) -> Option<Self> {
        let name = HEADER + 1;
        let name_length = packet.get(name..)?.iter().position(|byte| *byte == 0)?;
        // Behind the server's version: a zero, the connection's number, eight bytes for the
        // password, a zero.
        let low = name + name_length + 1 + 4 + 8 + 1;
        // Behind the lower bits: character set, status.
        let high = low + 2 + 1 + 2;
        // Behind the upper bits: a length, six zeros, and MariaDB's bits.
        let extended = high + 2 + 1 + 6;
        let pair = |at: usize| Some([*packet.get(at)?, *packet.get(at + 1)?]);
        let (first, second) = (pair(low)?, pair(high)?);
        let bits = u32::from_le_bytes([first[0], first[1], second[0], second[1]]);
        let more = packet.get(extended..extended + 4).unwrap_or(&[0; 4]);
        let more = u32::from_le_bytes(more.try_into().ok()?);
        Some(Self {
            capabilities: Capabilities::new(bits, more),
            at: (low, high),
        })
    }

    /// Writes other capabilities of MySQL's into the packet.
    pub(super) fn write(&self, packet: &mut [u8], capabilities: Capabilities) {
        let [a, b, c, d] = capabilities.bits().to_le_bytes();
        let (low, high) = self.at;
        for (at, byte) in [(low, a), (low + 1, b), (high, c), (high + 1, d)] {
            if let Some(place) = packet.get_mut(at) {
                *place = byte;
            }
        }
    }
}

/// Returns the capabilities in a client's answer, or `None` if it is no answer to a greeting.
pub(super) fn answer(header: Header, head: &[u8]) -> Option<Capabilities> {
    if header.sequence != 1 || !(4..=LONGEST_ANSWER).contains(&header.length) {
        return None;
    }
    let part = |at: usize| {
        let bytes = head.get(at..at + 4).unwrap_or(&[0; 4]);
        bytes.try_into().map(u32::from_le_bytes).ok()
    };
    Some(Capabilities::new(part(0)?, part(28)?))
}
