//! Names of a layer's entries that mark removals from the layers below.

/// Prefixes of whiteout names.
///
/// They mark a single removal, and a directory that hides its contents below; the last is reserved.
pub(super) const WHITEOUT: &[u8] = b".wh.";
pub(super) const OPAQUE: &[u8] = b".wh..wh..opq";
pub(super) const RESERVED: &[u8] = b".wh..wh.";

/// Returns whether a file name is a whiteout.
pub(super) fn is_one(file: &[u8]) -> bool {
    file.starts_with(WHITEOUT)
}
