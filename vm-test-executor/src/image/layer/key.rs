//! The name of a layer in the store.

use super::digest::{Digest, KEY, is_hexadecimal};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use vm_test_protocol::failure::Failure;

/// The key of a layer: the first digits of a hash of all its inputs.
///
/// It is safe as part of a path, even from an untrusted source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LayerKey(String);

impl LayerKey {
    /// Returns the key of a layer that is made from these parts.
    pub(in crate::image) fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(Digest::of_parts(parts).key().to_owned())
    }

    /// Returns all digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LayerKey {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Failure> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for LayerKey {
    type Error = Failure;

    fn try_from(text: String) -> Result<Self, Failure> {
        if is_hexadecimal(&text, KEY) {
            return Ok(Self(text));
        }
        Err(Failure::new(format!(
            "{text:?} is not the key of a layer, which has {KEY} hexadecimal digits"
        )))
    }
}

impl From<LayerKey> for String {
    fn from(key: LayerKey) -> Self {
        key.0
    }
}

impl AsRef<Path> for LayerKey {
    fn as_ref(&self) -> &Path {
        self.0.as_ref()
    }
}

impl fmt::Display for LayerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_is_written() {
        let key = LayerKey::of_parts([&b"a"[..]]);
        assert_eq!(key.to_string().len(), KEY);
        assert!(
            Digest::of_parts([&b"a"[..]])
                .as_str()
                .starts_with(key.as_str())
        );
        assert_eq!(key.to_string().parse(), Ok(key.clone()));
        let json = serde_json::to_string(&key).unwrap();
        assert_eq!(json, format!("\"{key}\""));
        assert_eq!(serde_json::from_str::<LayerKey>(&json).unwrap(), key);
    }

    #[test]
    fn what_could_lead_out_of_the_store_is_not_a_key() {
        let digits = "0123456789abcdef0123456789abcdef";
        assert!(digits.parse::<LayerKey>().is_ok());
        for text in [
            "",
            "nothing",
            "../../etc",
            &digits[1..],
            &format!("{digits}0"),
            &digits.to_uppercase(),
            &format!("/{}", &digits[1..]),
        ] {
            let failure = text.parse::<LayerKey>().unwrap_err();
            assert!(
                failure
                    .message
                    .starts_with(&format!("{text:?} is not the key of a layer"))
            );
            let json = serde_json::to_string(text).unwrap();
            assert!(serde_json::from_str::<LayerKey>(&json).is_err(), "{text}");
        }
    }
}
