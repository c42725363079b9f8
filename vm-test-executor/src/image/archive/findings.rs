//! The result of a pass over a foreign archive: what it found, or the message why it ended early. Reads nothing.

use super::meter::Exceeded;
use super::order::Order;
use super::refusal::{cannot, shown, too_much};
use std::io;
use vm_test_protocol::failure::Failure;

/// Why a pass ended early.
pub(in crate::image) enum Stop {
    /// The archive is not to be had.
    Refused(Failure),
    /// The archive has no end, unless what decompresses it has more to say.
    Short(Failure),
    /// Its bytes could not be read.
    Read(io::Error),
    /// What is handed on could not be written.
    Write(io::Error),
}

/// What a layer removes from those below.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// Paths.
    pub(super) paths: Vec<Vec<u8>>,
    /// Directories of which all that was in them goes.
    pub(super) directories: Vec<Vec<u8>>,
    /// Bytes of all these names.
    pub(super) bytes: usize,
}

/// What a pass has found.
#[derive(Debug)]
pub(super) struct Found {
    /// What it removes.
    pub(super) removed: Removed,
    /// What the rest takes up on a disk.
    pub(super) bytes: u64,
    /// What the user should know, for people.
    pub(super) remarks: Vec<String>,
}

impl Stop {
    /// The same in words that help: which limit it was, after which entry.
    pub(super) fn explain(self, order: &Order, last: &[u8], exceeded: Option<Exceeded>) -> Self {
        let Self::Read(error) = self else {
            return self;
        };
        match exceeded {
            Some(Exceeded::Whole) => {
                return Self::Refused(too_much(&order.name, &order.limits));
            }
            Some(Exceeded::Between) => {
                let cause = format!(
                    "the names and attributes after entry `{}` do not end",
                    shown(last)
                );
                return Self::Refused(
                    cannot(&order.name, cause).hint("no ordinary tool makes such an archive"),
                );
            }
            None => {}
        }
        if error.raw_os_error().is_some() {
            return Self::Read(error);
        }
        // The reader's own words repeat the bytes that it did not understand.
        let words = match (last, error.kind()) {
            (b"", _) => "no entry begins where it begins".to_owned(),
            (_, io::ErrorKind::UnexpectedEof) => format!("it ends within entry `{}`", shown(last)),
            _ => format!("no entry begins after entry `{}`", shown(last)),
        };
        Self::Read(io::Error::other(words))
    }
}
