//! A mistake in `vm-test.toml`: its line, what is wrong, and what to write instead. Knows no table.

use std::ops::Range;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::Refusal;

/// The name of the file.
pub const FILE: &str = "vm-test.toml";

/// A mistake in what the file says of a guest.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The number of its line.
    pub(super) line: usize,
    pub(super) cause: String,
    pub(super) hint: String,
}

impl Mistake {
    /// Returns a mistake in this line.
    pub(super) fn new(line: usize, Refusal { cause, hint }: Refusal) -> Self {
        Self { line, cause, hint }
    }

    /// Returns a mistake in a key or in its value.
    pub(super) fn of_key(line: usize, key: &str, refusal: Refusal) -> Self {
        let cause = format!("cannot set `{}`: {}", key.escape_debug(), refusal.cause);
        Self::new(line, Refusal { cause, ..refusal })
    }

    /// Returns the failure to use what it is in, as in "guest `deb`".
    pub(super) fn failure(&self, what: &str, file: &Path) -> Failure {
        let words = format!("cannot use {what}: {}", self.cause);
        Failure::new(placed(&words, file, self.line)).hint(&self.hint)
    }
}

/// Returns a message with the place of its cause.
pub(super) fn placed(words: &str, file: &Path, line: usize) -> String {
    format!("{words} (in {}, line {line})", file.display())
}

/// Returns the line number of a position in a text.
pub(super) fn line(text: &str, span: Range<usize>) -> usize {
    let before = text.as_bytes().get(..span.start).unwrap_or_default();
    before.iter().filter(|byte| **byte == b'\n').count() + 1
}
