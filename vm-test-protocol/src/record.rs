//! What is recorded about one test: where it belongs, what only its test process knows, what its instance has reported.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How much of each end of a test's output a [`Record`] may carry, in bytes.
pub const MOST_OUTPUT: usize = 256 << 10;

/// Where a test's times are written down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEntry {
    /// `vm-test` in cargo's target directory, on the host.
    pub directory: String,
    /// The run, which is one start of cargo or of nextest: a name that can be a file's.
    pub run: String,
    /// The package.
    pub package: String,
    /// The test's full name.
    pub test: String,
}

/// The longest name of a run, in bytes.
pub const LONGEST_RUN: usize = 100;

impl RunEntry {
    /// Returns whether this may be the name of a run, which becomes a file's: it comes from the
    /// environment of tests.
    #[must_use]
    pub fn is_run(name: &str) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !name.is_empty() && name.len() <= LONGEST_RUN && name.chars().all(is_plain)
    }
}

/// What the test process knows of its test when it is over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The instance that the test ran on.
    pub instance: String,
    /// How it ended.
    pub outcome: RecordOutcome,
    /// From the admission of the lease to the agent's first word.
    pub boot: Duration,
    /// From the start of the test process in the guest to its end; absent if it has not been told.
    pub process: Option<Duration>,
    /// The body alone, by the guest's clock; absent if it never began.
    pub body: Option<Duration>,
    /// From the request for the lease until now.
    pub total: Duration,
    /// Why it did not pass, in words for people.
    pub words: Option<String>,
    /// The end of what it wrote; only of a test that did not pass.
    #[serde(with = "super::bytes")]
    pub output: Vec<u8>,
}

/// How a test ended, as far as its guest and its test process know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordOutcome {
    /// The body returned a value that stands for success.
    Passed,
    /// The body panicked. A test that should panic may have passed by this.
    Panicked,
    /// The body returned an error.
    Failed,
    /// No valid verdict.
    NoVerdict,
    /// Its guest did not come up.
    NoInstance,
}

/// What an instance has said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The end of its console, if it has one.
    pub console: Option<Vec<String>>,
    /// Why its test did not pass, once that is known.
    pub words: Option<String>,
    /// The end of what its test wrote, once that is over and its process has told.
    pub output: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_that_can_be_a_files_are_taken_for_runs() {
        let (longest, longer) = ("a".repeat(LONGEST_RUN), "a".repeat(LONGEST_RUN + 1));
        for (name, is_run) in [
            ("6f9d1c52-0c5b-4f4e-9a56-0b9a0f6f0d6e", true),
            ("../up", false),
            ("", false),
            ("a b", false),
            (&*longest, true),
            (&*longer, false),
        ] {
            assert_eq!(RunEntry::is_run(name), is_run, "{name:?}");
        }
    }
}
