//! Bytes in a message as one block: encoded like a sequence of numbers, but faster.
//!
//! A sequence takes a call for each byte, test binaries are mostly built without optimisation, and
//! output may be megabytes.

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};
use std::fmt;

pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    struct Bytes;

    impl Visitor<'_> for Bytes {
        type Value = Vec<u8>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("bytes")
        }

        fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
            Ok(bytes.to_vec())
        }
    }

    deserializer.deserialize_bytes(Bytes)
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct OnePiece(#[serde(with = "super")] Vec<u8>);

    #[test]
    fn the_form_on_the_wire_is_that_of_a_sequence() {
        for bytes in [&b""[..], b"a", &[0xff; 300]] {
            let sent = postcard::to_extend(&OnePiece(bytes.to_vec()), Vec::new()).unwrap();
            assert_eq!(sent, postcard::to_extend(&bytes, Vec::new()).unwrap());
            let got: OnePiece = postcard::from_bytes(&sent).unwrap();
            assert_eq!(got.0, bytes);
        }
    }

    #[test]
    fn a_length_beyond_the_message_is_refused() {
        assert!(postcard::from_bytes::<OnePiece>(&[0xff, 0xff, 3, b'a']).is_err());
    }
}
