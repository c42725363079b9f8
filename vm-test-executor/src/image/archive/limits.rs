//! The limits for unpacking foreign archives.
//!
//! Reads the environment; counts nothing.

use serde::{Deserialize, Serialize};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables;
pub(in crate::image) use vm_test_runtime::variables::IMAGE_LIMIT as ENV_LIMIT;
use vm_test_settings::quantity;

/// The default limit in bytes; a larger image is more likely a mistake or an attack.
const BYTES: u64 = 20 << 30;

/// The limit of entries: each costs the store an inode, whatever its size.
const ENTRIES: u64 = 2_000_000;

/// The limits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::image) struct Limits {
    /// Bytes after decompression.
    pub(in crate::image) bytes: u64,
    /// Number of entries.
    pub(in crate::image) entries: u64,
}

impl Limits {
    /// Returns the limits for this process.
    pub(in crate::image) fn of_environment() -> Result<Self, Failure> {
        let bytes = match variables::get(ENV_LIMIT) {
            Some(text) => quantity::bytes(&text.to_string_lossy()).map_err(|cause| {
                Failure::new(format!("cannot use {ENV_LIMIT}: {cause}"))
                    .hint(format!("as in {ENV_LIMIT}=40G"))
            })?,
            None => BYTES,
        };
        Ok(Self {
            bytes,
            entries: ENTRIES,
        })
    }
}

/// Formats bytes in the largest unit that divides them.
pub(in crate::image) fn words(bytes: u64) -> String {
    for (shift, unit) in [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")] {
        if bytes >= 1 << shift && bytes.is_multiple_of(1 << shift) {
            return format!("{} {unit}", bytes >> shift);
        }
    }
    format!("{bytes} bytes")
}
