//! The error messages for refused archives.
//!
//! Decides nothing.

use super::limits::{ENV_LIMIT, Limits, words};
use super::order::Kind;
use vm_test_protocol::failure::Failure;

/// How many of several images are named in a message.
pub(in crate::image) const MOST_SHOWN: usize = 4;

/// How many characters of a hostile name are shown.
const LONGEST: usize = 200;

/// Makes a name from the archive printable: control characters escaped, length limited.
pub(in crate::image) fn shown(name: &[u8]) -> String {
    let text = String::from_utf8_lossy(name);
    let mut words: String = text.chars().take(LONGEST).collect();
    if words.len() < text.len() {
        words.push('…');
    }
    let mut safe = String::with_capacity(words.len());
    for character in words.chars() {
        match character {
            '\'' | '"' | '\\' => safe.push(character),
            _ => safe.extend(character.escape_debug()),
        }
    }
    safe
}

/// Returns the failure that the archive `name` cannot be imported.
pub(in crate::image) fn cannot(name: &str, cause: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot import {name}: {cause}"))
}

/// Returns the hint against an entry that would reach outside the image.
fn cure(kind: Kind) -> &'static str {
    match kind {
        Kind::Root => {
            "pack the root file system itself, so that every name is relative and stays inside: tar -C ROOTFS -c ."
        }
        Kind::Layer => {
            "build the image again, or import its file system as one: docker export CONTAINER > root.tar"
        }
        Kind::Plain => "pack the files themselves: tar --dereference -C DIRECTORY -c .",
    }
}

/// Returns the failure for an entry that would reach outside the image.
pub(super) fn unsafe_entry(name: &str, entry: &[u8], cause: &str, kind: Kind) -> Failure {
    cannot(name, format!("unsafe entry `{}`: {cause}", shown(entry))).hint(cure(kind))
}

/// Returns the failure for an archive that exceeds the limits.
pub(in crate::image) fn too_much(name: &str, limits: &Limits) -> Failure {
    cannot(
        name,
        format!(
            "it unpacks to more than the limit of {}",
            words(limits.bytes)
        ),
    )
    .hint(format!(
        "if you trust it, raise the limit, as in {ENV_LIMIT}=40G"
    ))
}
