//! Frames: a little-endian `u32` length, then that many bytes of postcard.
//!
//! Knows no messages and no sockets. The length is checked against [`CAP`] before anything is
//! allocated, and a message must use up its whole frame.

use postcard::ser_flavors::Flavor;
use serde::{Serialize, de::DeserializeOwned};
use std::io::{self, Read, Write};

/// The maximum length of a frame, in bytes.
pub const CAP: usize = 1 << 20;

const PREFIX: usize = 4;

fn invalid(message: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn checked_length(prefix: [u8; PREFIX]) -> io::Result<usize> {
    let length = u32::from_le_bytes(prefix) as usize;
    if length > CAP {
        return Err(invalid(format!(
            "frame too large: {length} bytes, at most {CAP} are accepted"
        )));
    }
    Ok(length)
}

fn decode<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    match postcard::take_from_bytes(bytes) {
        Ok((message, [])) => Ok(message),
        Ok((_, rest)) => Err(invalid(format!(
            "protocol error: {} bytes after the message",
            rest.len()
        ))),
        Err(error) => Err(invalid(format!("protocol error: {error}"))),
    }
}

/// A frame under construction, which takes bytes in blocks.
///
/// Agents and test binaries are mostly built without optimisation, and one call per byte of a job's
/// output would dominate their run time.
struct Frame(Vec<u8>);

impl Flavor for Frame {
    type Output = Vec<u8>;

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<Vec<u8>> {
        Ok(self.0)
    }
}

/// Encodes a message as one frame.
///
/// # Errors
/// If the message is longer than [`CAP`].
pub fn encode<T: Serialize>(message: &T) -> io::Result<Vec<u8>> {
    let bytes = postcard::serialize_with_flavor(message, Frame(vec![0; PREFIX]))
        .map_err(|error| invalid(format!("cannot encode a message: {error}")))?;
    let length = bytes.len() - PREFIX;
    if length > CAP {
        return Err(invalid(format!(
            "frame too large: {length} bytes, at most {CAP} are accepted"
        )));
    }
    let mut bytes = bytes;
    bytes[..PREFIX].copy_from_slice(&(length as u32).to_le_bytes());
    Ok(bytes)
}

/// Writes one frame.
///
/// # Errors
/// If the message is too long or the stream is closed.
pub fn write<T: Serialize>(mut stream: impl Write, message: &T) -> io::Result<()> {
    stream.write_all(&encode(message)?)
}

/// Reads one frame; `None` at the end of the stream between two frames.
///
/// # Errors
/// If the stream ends inside a frame, or the frame is too long or not of this type.
pub fn read<T: DeserializeOwned>(mut stream: impl Read) -> io::Result<Option<T>> {
    let mut prefix = [0; PREFIX];
    let mut filled = 0;
    while filled < PREFIX {
        match stream.read(&mut prefix[filled..]) {
            Ok(0) if filled == 0 => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    let mut bytes = vec![0; checked_length(prefix)?];
    stream.read_exact(&mut bytes)?;
    decode(&bytes).map(Some)
}

/// Collects incoming bytes in pieces of any size, and returns whole frames.
#[derive(Debug, Default)]
pub struct FrameBuffer {
    bytes: Vec<u8>,
}

impl FrameBuffer {
    /// Adds bytes that have just been read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Returns whether the buffer is empty, so that the stream may end here, between two frames.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Returns the next whole frame, if it has arrived.
    ///
    /// # Errors
    /// If the frame is too long or not of this type; the stream is then unusable.
    pub fn pop<T: DeserializeOwned>(&mut self) -> io::Result<Option<T>> {
        let Some((prefix, rest)) = self.bytes.split_first_chunk::<PREFIX>() else {
            return Ok(None);
        };
        let length = checked_length(*prefix)?;
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        let message = decode(body)?;
        self.bytes.drain(..PREFIX + length);
        Ok(Some(message))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_comes_back_as_it_was_sent_in_pieces_of_any_size() {
        let bytes = encode(&("hello", 7u32)).unwrap();
        for size in 1..bytes.len() {
            let mut buffer = FrameBuffer::default();
            let mut seen = Vec::new();
            for piece in bytes.chunks(size) {
                buffer.push(piece);
                seen.extend(buffer.pop::<(String, u32)>().unwrap());
            }
            assert_eq!(seen, [("hello".to_owned(), 7)]);
        }
    }

    #[test]
    fn a_length_over_the_cap_is_refused_before_anything_is_allocated() {
        let bytes = u32::MAX.to_le_bytes();
        let error = read::<String>(&bytes[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "frame too large: 4294967295 bytes, at most 1048576 are accepted"
        );
        let mut buffer = FrameBuffer::default();
        buffer.push(&bytes);
        assert!(buffer.pop::<String>().is_err());
    }

    #[test]
    fn an_end_inside_a_frame_is_an_error_and_between_frames_is_not() {
        let bytes = encode(&"hello").unwrap();
        assert!(read::<String>(&bytes[..bytes.len() - 1]).is_err());
        assert!(read::<String>(&bytes[..2]).is_err());
        assert_eq!(read::<String>(&bytes[..0]).unwrap(), None);
    }

    #[test]
    fn trailing_bytes_and_unknown_tags_are_protocol_errors() {
        let mut bytes = encode(&1u8).unwrap();
        bytes[0] += 1;
        bytes.push(0);
        let error = read::<u8>(&bytes[..]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "protocol error: 1 bytes after the message"
        );
        let tag = encode(&9u32).unwrap();
        assert!(read::<super::super::body::FromBody>(&tag[..]).is_err());
    }

    #[test]
    fn a_vector_that_claims_more_than_its_frame_is_refused() {
        let lying = encode(&u64::from(u32::MAX)).unwrap();
        assert!(read::<Vec<u8>>(&lying[..]).is_err());
    }
}
