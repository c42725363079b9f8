//! The metadata in an entry's extended header besides its name: owner, time, extended attributes.
//!
//! Only reads; applies nothing.

use super::capability;
use super::extended::{Pair, number, time, value};

/// Prefixes of the keys of extended attributes.
///
/// The second is libarchive's, which encodes the value as base64.
pub(super) const XATTR: &[u8] = b"SCHILY.xattr.";
const AS_TEXT: &[u8] = b"LIBARCHIVE.xattr.";

/// The attribute that holds a program's capabilities.
const CAPABILITY: &[u8] = b"security.capability";

/// Attributes that an image may bring: file capabilities, ACLs, and what users set.
const TAKEN: [&[u8]; 4] = [
    CAPABILITY,
    b"system.posix_acl_access",
    b"system.posix_acl_default",
    b"user.",
];

/// Attributes with which an overlay marks its own files.
///
/// The kernel would obey one from a foreign archive.
const RESERVED: [&[u8]; 2] = [b"user.overlay.", b"trusted.overlay."];

/// Why attributes are refused, and the hint.
type Fault = (&'static str, &'static str);

const OVERLAY: Fault = (
    "it has an attribute reserved for overlayfs",
    "pack what the overlay shows, and not one of the directories that it is made of",
);
const DAMAGED: Fault = (
    "it has an attribute whose value is not valid base64, or whose name holds a zero byte",
    "pack it again, with GNU tar: tar --xattrs",
);
const UNKNOWN: Fault = (
    "it has capabilities of an unknown form",
    "pack it without them, and give them in a [[run]] step of a recipe: setcap",
);

/// The contents of an extended header.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// The owner, if given.
    pub(super) user: Option<u64>,
    /// The group, if given.
    pub(super) group: Option<u64>,
    /// The modification time, if given: seconds and nanoseconds.
    pub(super) time: Option<(i64, u32)>,
    /// The extended attributes to keep, under their keys in an archive.
    pub(super) kept: Vec<Pair>,
}

impl Attributes {
    /// Reads the attributes of an entry with these pairs; an error says why they are not safe.
    pub(super) fn of(pairs: &[Pair]) -> Result<Self, Fault> {
        let mut attributes = Self {
            user: value(pairs, b"uid").and_then(number),
            group: value(pairs, b"gid").and_then(number),
            time: value(pairs, b"mtime").and_then(time),
            kept: Vec::new(),
        };
        for (key, value) in pairs {
            let (name, value) = if let Some(name) = key.strip_prefix(XATTR) {
                (decoded(name, true), value.clone())
            } else if let Some(name) = key.strip_prefix(AS_TEXT) {
                let value = of_base64(value).ok_or(DAMAGED)?;
                (decoded(name, false), value)
            } else {
                continue;
            };
            if RESERVED.iter().any(|prefix| name.starts_with(prefix)) {
                return Err(OVERLAY);
            }
            if name.contains(&0) {
                return Err(DAMAGED);
            }
            if !TAKEN.iter().any(|taken| name.starts_with(taken)) {
                continue;
            }
            let value = if name == CAPABILITY {
                capability::for_guest(&value).ok_or(UNKNOWN)?
            } else {
                value
            };
            // The same attribute may be given in both encodings.
            let key = key_of(&name);
            attributes.kept.retain(|(known, _)| *known != key);
            attributes.kept.push((key, value));
        }
        Ok(attributes)
    }
}

/// Returns the key in an archive for an attribute name.
///
/// Bytes that a key cannot hold are escaped.
pub(in crate::image) fn key_of(name: &[u8]) -> Vec<u8> {
    let mut key = XATTR.to_vec();
    for &byte in name {
        match byte {
            b'=' => key.extend(b"%3D"),
            b'%' => key.extend(b"%25"),
            _ => key.push(byte),
        }
    }
    key
}

/// Decodes a percent-encoded name; with `few`, only the escapes of bytes that a key cannot hold.
fn decoded(name: &[u8], few: bool) -> Vec<u8> {
    let mut rest = name;
    let mut plain = Vec::with_capacity(name.len());
    while let Some((&byte, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| byte == b'%');
        let number =
            digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok());
        match number {
            Some(number) if !few || matches!(number, b'=' | b'%') => {
                plain.push(number);
                rest = &after[2..];
            }
            _ => {
                plain.push(byte);
                rest = after;
            }
        }
    }
    plain
}

/// Decodes base64, with or without padding.
fn of_base64(text: &[u8]) -> Option<Vec<u8>> {
    let end = text
        .iter()
        .rposition(|&byte| byte != b'=')
        .map_or(0, |at| at + 1);
    let mut bytes = Vec::new();
    let (mut bits, mut count) = (0u32, 0);
    for &digit in &text[..end] {
        let number = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(number);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(key: &str, value: &[u8]) -> Vec<Pair> {
        Attributes::of(&[(key.into(), value.to_vec())])
            .unwrap()
            .kept
    }

    #[test]
    fn attributes_keep_every_byte_of_their_names_and_values() {
        for value in [&b""[..], b"a\nb", b"\0\xff", b"="] {
            let key = b"SCHILY.xattr.user.a".to_vec();
            assert_eq!(kept("SCHILY.xattr.user.a", value), [(key, value.to_vec())]);
        }
        let key = b"SCHILY.xattr.user.a%3Db%25".to_vec();
        assert_eq!(
            kept("SCHILY.xattr.user.a%3Db%25", b"v"),
            [(key, b"v".to_vec())]
        );
        // Go's archive writer does not escape these.
        let key = b"SCHILY.xattr.user.50%25x".to_vec();
        assert_eq!(kept("SCHILY.xattr.user.50%x", b"v"), [(key, b"v".to_vec())]);
        let bytes = Attributes::of(&[(b"SCHILY.xattr.user.\xff".to_vec(), b"v".to_vec())]);
        assert_eq!(bytes.unwrap().kept.len(), 1);
        assert!(kept("SCHILY.xattr.security.selinux", b"x").is_empty());
    }

    #[test]
    fn attributes_that_are_written_as_text_are_the_same_and_there_once() {
        let key = b"SCHILY.xattr.user.a b".to_vec();
        assert_eq!(
            kept("LIBARCHIVE.xattr.user.a%20b", b"YQpi"),
            [(key, b"a\nb".to_vec())]
        );
        assert_eq!(kept("LIBARCHIVE.xattr.user.x", b"YQ==")[0].1, b"a");
        let twice = [
            (b"SCHILY.xattr.user.x".to_vec(), b"a".to_vec()),
            (b"LIBARCHIVE.xattr.user.x".to_vec(), b"YQ".to_vec()),
        ];
        assert_eq!(Attributes::of(&twice).unwrap().kept.len(), 1);
    }

    #[test]
    fn an_overlays_own_attributes_are_refused_however_they_are_written() {
        for key in [
            "SCHILY.xattr.user.overlay.opaque",
            "LIBARCHIVE.xattr.user%2Eoverlay.opaque",
        ] {
            assert!(
                Attributes::of(&[(key.into(), b"eQ".to_vec())]).is_err(),
                "{key}"
            );
        }
    }
}
