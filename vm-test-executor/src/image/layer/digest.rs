//! A SHA-256 as the store and its users write it.
//!
//! Knows nothing about what was hashed.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::io;
use std::str::FromStr;
use vm_test_protocol::failure::Failure;

/// The number of hexadecimal digits of a SHA-256.
const LENGTH: usize = 64;

/// How many digits are shown to users.
const SHORT: usize = 12;

/// How many digits are in the name of a directory in the store.
pub(super) const KEY: usize = 32;

/// A SHA-256, in lower-case hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest(String);

impl Digest {
    /// Returns the hash of these parts; the boundaries between them count.
    pub(in crate::image) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut hash = Sha256::new();
        for part in parts {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self::of_hash(hash)
    }

    /// Returns the hash of the rest of a reader.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(in crate::image) fn of_reader(mut reader: impl io::Read) -> io::Result<Self> {
        let mut hash = Sha256::new();
        io::copy(&mut reader, &mut Writer(&mut hash))?;
        Ok(Self::of_hash(hash))
    }

    /// Returns the digest of a finished hash.
    pub(in crate::image) fn of_hash(hash: Sha256) -> Self {
        let digits = hash.finalize();
        Self(digits.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    /// Returns all digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the first digits, for users.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.0[..SHORT]
    }

    /// Returns the first digits, for names of directories in the store.
    pub(in crate::image) fn key(&self) -> &str {
        &self.0[..KEY]
    }

    /// Returns the digits as input for another hash.
    pub(in crate::image) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for Digest {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for Digest {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        if is_hexadecimal(&text, LENGTH) {
            return Ok(Self(text));
        }
        Err(Failure::new(format!(
            "{text:?} is not a SHA-256 in {LENGTH} hexadecimal digits"
        )))
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Returns whether the text is `length` lower-case hexadecimal digits.
pub(super) fn is_hexadecimal(text: &str, length: usize) -> bool {
    let is_digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    text.len() == length && text.bytes().all(is_digit)
}

/// Hashes everything that is written to it.
pub(super) struct Writer<'a>(pub(super) &'a mut Sha256);

impl io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The hash of no bytes.
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn parts_do_not_run_into_each_other() {
        let of = |parts: &[&[u8]]| Digest::of_parts(parts.iter().copied());
        assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
    }

    #[test]
    fn a_digest_is_read_as_it_is_written() {
        let digest = Digest::of_reader(io::empty()).unwrap();
        assert_eq!(digest.to_string(), EMPTY);
        assert_eq!(EMPTY.parse(), Ok(digest.clone()));
        assert_eq!(digest.short(), "e3b0c44298fc");
        assert_eq!(digest.key(), "e3b0c44298fc1c149afbf4c8996fb924");
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(json, format!("\"{EMPTY}\""));
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }

    #[test]
    fn what_is_not_a_sha_256_is_not_taken_for_one() {
        for text in [
            "",
            &EMPTY[1..],
            &format!("{EMPTY}0"),
            &EMPTY.to_uppercase(),
            &format!("g{}", &EMPTY[1..]),
            &format!("../{}", &EMPTY[3..]),
        ] {
            let failure = text.parse::<Digest>().unwrap_err();
            let words = format!("{text:?} is not a SHA-256 in 64 hexadecimal digits");
            assert_eq!(failure.message, words);
            let json = serde_json::to_string(text).unwrap();
            let error = serde_json::from_str::<Digest>(&json).unwrap_err();
            assert!(error.to_string().contains("is not a SHA-256"), "{error}");
        }
    }
}
