//! How directories say that they are caches, whose content can be made again.

/// Cargo and others tag with this file what can be made again.
pub(in crate::image) const TAG: &str = "CACHEDIR.TAG";
