//! What an entry's extended header says besides its name: owner, extended attributes. Reads; applies nothing.

use std::io::Read;
use tar::Entry;

/// Extended attributes come under keys that begin so.
const XATTR: &str = "SCHILY.xattr.";

/// Those that an image may bring: programs' capabilities, access lists, and what users set.
const TAKEN: [&str; 4] = [
    "security.capability",
    "system.posix_acl_access",
    "system.posix_acl_default",
    "user.",
];

/// Those with which an overlay marks its own files. A foreign one would be an order to the kernel.
const RESERVED: [&str; 2] = ["user.overlay.", "trusted.overlay."];

/// What an extended header says.
#[derive(Debug, Default)]
pub(super) struct Attributes {
    /// The owner, where it is said here.
    pub(super) user: Option<u64>,
    /// The group, where it is said here.
    pub(super) group: Option<u64>,
    /// The extended attributes to keep, under the keys they have in an archive.
    pub(super) kept: Vec<(String, Vec<u8>)>,
}

impl Attributes {
    /// Of this entry; an error says why it is not safe.
    pub(super) fn of<R: Read>(entry: &mut Entry<'_, R>) -> Result<Self, Trouble> {
        let mut attributes = Self::default();
        let Some(pairs) = entry.pax_extensions().map_err(Trouble::Unreadable)? else {
            return Ok(attributes);
        };
        for pair in pairs {
            let pair = pair.map_err(Trouble::Unreadable)?;
            let Ok(key) = pair.key() else {
                return Err(Trouble::Unsafe("a key of its extended header is not text"));
            };
            if key.starts_with("GNU.sparse.") {
                return Err(Trouble::Unsafe(
                    "it is a sparse file in a form that is not read",
                ));
            }
            let number = || pair.value().ok().and_then(|text| text.parse().ok());
            match key {
                "uid" => attributes.user = number(),
                "gid" => attributes.group = number(),
                _ => {}
            }
            let Some(name) = key.strip_prefix(XATTR) else {
                continue;
            };
            if RESERVED.iter().any(|prefix| name.starts_with(prefix)) {
                return Err(Trouble::Unsafe(
                    "it has an attribute that is an overlay's own",
                ));
            }
            if TAKEN.iter().any(|taken| name.starts_with(taken)) {
                attributes
                    .kept
                    .push((key.to_owned(), pair.value_bytes().to_vec()));
            }
        }
        Ok(attributes)
    }
}

/// Why an extended header is not taken.
#[derive(Debug)]
pub(super) enum Trouble {
    /// It is not one.
    Unreadable(std::io::Error),
    /// It asks for what no image may.
    Unsafe(&'static str),
}
