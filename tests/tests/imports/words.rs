//! Parts of error messages that a row cannot contain: hashes of a layer, and this architecture.

use super::archive::Archive;
use super::layout::{HERE, hash};

/// Returns the only layer of a layout.
pub(crate) fn layer() -> Vec<u8> {
    Archive::default()
        .directory("etc")
        .file("etc/a", b"a")
        .finish()
}

/// Replaces the placeholders in a text.
pub(crate) fn fill_in(words: &str) -> String {
    let mut changed = layer();
    changed[1] ^= 1;
    words
        .replace("EXPECTED", &hash(&layer()))
        .replace("GOT", &hash(&changed))
        .replace("MACHINE", HERE)
}
