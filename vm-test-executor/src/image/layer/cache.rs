//! The tag by which directories declare that they are caches, whose content can be made again.

/// The file with which cargo and other programs tag such a directory.
pub(in crate::image) const TAG: &str = "CACHEDIR.TAG";
