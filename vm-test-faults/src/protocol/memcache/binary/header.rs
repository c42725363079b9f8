//! The header of a packet of the binary protocol. Reads it and checks its lengths, and makes the
//! packet of an error.

use bytes::{BufMut, Bytes, BytesMut};

use crate::protocol::Violation;

/// The first byte of a request.
pub(in crate::protocol::memcache) const REQUEST: u8 = 0x80;

/// The first byte of a reply.
pub(super) const REPLY: u8 = 0x81;

/// The length of a header.
pub(super) const LENGTH: usize = 24;

/// What a header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) opcode: u8,
    pub(super) status: u16,
    pub(super) opaque: u32,
    /// The length of extras and key.
    pub(super) front: u32,
    /// The length of extras, key and value.
    pub(super) body: u32,
    pub(super) has_key: bool,
}

impl Header {
    /// Reads a header; returns nothing if it has not arrived.
    pub(super) fn read(bytes: &[u8], magic: u8) -> Result<Option<Self>, Violation> {
        if bytes.first().is_some_and(|first| *first != magic) {
            return Err(Violation(format!(
                "a packet begins with the byte {:#04x} instead of {magic:#04x}",
                bytes[0]
            )));
        }
        let Some(bytes) = bytes.first_chunk::<LENGTH>() else {
            return Ok(None);
        };
        let key = u16::from_be_bytes([bytes[2], bytes[3]]);
        let header = Self {
            opcode: bytes[1],
            status: u16::from_be_bytes([bytes[6], bytes[7]]),
            opaque: u32::from_be_bytes([bytes[12], bytes[13], bytes[14], bytes[15]]),
            front: u32::from(key) + u32::from(bytes[4]),
            body: u32::from_be_bytes([bytes[8], bytes[9], bytes[10], bytes[11]]),
            has_key: key > 0,
        };
        if header.front > header.body {
            return Err(Violation(format!(
                "a packet of {} bytes says that it has extras and a key of {} bytes",
                header.body, header.front
            )));
        }
        Ok(Some(header))
    }
}

/// Returns the extras and the key of a request, if it is one of the binary protocol.
pub(in crate::protocol::memcache) fn behind_header(request: &[u8]) -> Option<&[u8]> {
    request.get(LENGTH..).filter(|_| request[0] == REQUEST)
}

/// Returns the reply that says an error to the request with this code and this number.
pub(super) fn error(opcode: u8, opaque: u32, status: u16, text: &str) -> Bytes {
    let mut packet = BytesMut::with_capacity(LENGTH + text.len());
    packet.put_u8(REPLY);
    packet.put_u8(opcode);
    // No key, no extras, no data type.
    packet.put_u16(0);
    packet.put_u16(0);
    packet.put_u16(status);
    packet.put_u32(u32::try_from(text.len()).unwrap_or(0));
    packet.put_u32(opaque);
    packet.put_u64(0);
    packet.put_slice(text.as_bytes());
    packet.freeze()
}
