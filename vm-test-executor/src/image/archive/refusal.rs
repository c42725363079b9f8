//! The messages for refused archives. Decides nothing.

use super::limits::{ENV_LIMIT, Limits, words};
use super::order::Kind;
use vm_test_protocol::failure::Failure;

/// Of several images so many are named.
pub(in crate::image) const MOST_SHOWN: usize = 4;

/// So much of a hostile name is shown.
const LONGEST: usize = 200;

/// A name of the archive's as it can be shown: control characters escaped, and not at any length.
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

/// The archive called `name` cannot be imported.
pub(in crate::image) fn cannot(name: &str, cause: impl std::fmt::Display) -> Failure {
    Failure::new(format!("cannot import {name}: {cause}"))
}

/// What helps against an entry that would reach what is not the image's.
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

/// An entry that would reach what is not the image's, with the cure for archives of its kind.
pub(super) fn unsafe_entry(name: &str, entry: &[u8], cause: &str, kind: Kind) -> Failure {
    cannot(name, format!("unsafe entry `{}`: {cause}", shown(entry))).hint(cure(kind))
}

/// More of it than is allowed.
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
