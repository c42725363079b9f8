//! The result of a pass over a foreign archive: the findings, or the reason why it stopped early.
//!
//! Reads nothing.

use super::meter::Exceeded;
use super::order::Order;
use super::refusal::{cannot, shown, too_much};
use std::io;
use vm_test_protocol::failure::Failure;

/// Why a pass stopped early.
pub(in crate::image) enum Stop {
    /// The archive is refused.
    Refused(Failure),
    /// The archive is truncated, unless the decompressor reports another error.
    Short(Failure),
    /// The archive could not be read.
    Read(io::Error),
    /// The output could not be written.
    Write(io::Error),
}

/// The removals of a layer.
#[derive(Debug, Default)]
pub(super) struct Removed {
    /// Paths to remove.
    pub(super) paths: Vec<Vec<u8>>,
    /// Directories whose contents in the layers below are hidden.
    pub(super) directories: Vec<Vec<u8>>,
    /// The total length of these names, in bytes.
    pub(super) bytes: usize,
}

/// The findings of a complete pass.
#[derive(Debug)]
pub(super) struct Found {
    /// The removals.
    pub(super) removed: Removed,
    /// Disk usage of the other entries, in bytes.
    pub(super) bytes: u64,
    /// Messages for the user.
    pub(super) remarks: Vec<String>,
}

impl Stop {
    /// Turns a read error into a message that names the limit or the last entry.
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
        // The reader's own message would repeat the bytes that it could not parse.
        let words = match (last, error.kind()) {
            (b"", _) => "no entry begins where it begins".to_owned(),
            (_, io::ErrorKind::UnexpectedEof) => format!("it ends within entry `{}`", shown(last)),
            _ => format!("no entry begins after entry `{}`", shown(last)),
        };
        Self::Read(io::Error::other(words))
    }
}
