//! A mistake in `vm-test.toml`: its line, what is wrong, and what to write instead. Knows no table.

use std::ops::Range;
use std::path::Path;
use vm_test_protocol::failure::Failure;
use vm_test_settings::form::Refusal;

/// The name of the file.
pub const FILE: &str = "vm-test.toml";

/// A mistake in what the file says of a guest or a lab.
#[derive(Debug)]
pub(super) struct Mistake {
    /// The number of its line.
    pub(super) line: usize,
    /// The part of the guest or lab that it is in, as in "node `gw`"; `None` for the whole.
    part: Option<String>,
    pub(super) cause: String,
    pub(super) hint: String,
}

impl Mistake {
    /// Returns a mistake in this line.
    pub(super) fn new(line: usize, Refusal { cause, hint }: Refusal) -> Self {
        Self {
            line,
            part: None,
            cause,
            hint,
        }
    }

    /// Returns a mistake in a key or in its value.
    pub(super) fn of_key(line: usize, key: &str, refusal: Refusal) -> Self {
        let cause = format!("cannot set `{}`: {}", key.escape_debug(), refusal.cause);
        Self::new(line, Refusal { cause, ..refusal })
    }

    /// Sets the part that it is in.
    pub(super) fn within(self, part: &str) -> Self {
        Self {
            part: Some(part.to_owned()),
            ..self
        }
    }

    /// Returns the failure to use `whole`, which is the guest or the lab, as in "lab `office`".
    pub(super) fn failure(&self, whole: &str, file: &Path) -> Failure {
        let what = match &self.part {
            Some(part) => format!("{part} of {whole}"),
            None => whole.to_owned(),
        };
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
