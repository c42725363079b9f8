//! Where a lab is declared, for messages about it. Reads nothing.

use crate::config::mistake::placed;
use std::path::Path;

/// Where a lab is declared.
#[derive(Clone, Copy, Debug)]
pub(in crate::config) enum Origin<'a> {
    /// In this file.
    File(&'a Path),
    /// In this file of containerlab.
    Topology(&'a Path),
    /// At the site of its test.
    Site,
}

impl Origin<'_> {
    /// Returns a message with the place of its cause.
    pub(super) fn placed(self, words: &str, line: usize) -> String {
        match self {
            Self::File(file) | Self::Topology(file) => placed(words, file, line),
            // The test is named beside it.
            Self::Site => words.to_owned(),
        }
    }

    /// Returns how a node comes not to be privileged.
    pub(super) fn unprivileged(self) -> &'static str {
        match self {
            Self::File(_) => "write `privileged = false` in the node's table",
            Self::Topology(_) => "name another guest in `guests`",
            Self::Site => {
                "name another guest, or declare the lab in vm-test.toml, where a node has settings of its own"
            }
        }
    }
}
