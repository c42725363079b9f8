//! Names of a layer's entries that stand for what is removed from the layers below.

/// Names of this prefix stand in a layer for what it removes; with the second, for all that a directory had below.
pub(super) const WHITEOUT: &[u8] = b".wh.";
pub(super) const OPAQUE: &[u8] = b".wh..wh..opq";
pub(super) const RESERVED: &[u8] = b".wh..wh.";

/// Whether the last part of a name stands for a removal.
pub(super) fn is_one(file: &[u8]) -> bool {
    file.starts_with(WHITEOUT)
}
