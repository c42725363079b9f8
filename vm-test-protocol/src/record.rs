//! The record of one test: what its test process knows, and what its instance reported.

use super::startup::Startup;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The maximum size of each end of a test's output in a [`Record`], in bytes.
pub const MOST_OUTPUT: usize = 256 << 10;

/// The maximum size of what all nodes of a lab have said in a [`Record`], in bytes.
pub const MOST_SAID: usize = 256 << 10;

/// Where a test's times are recorded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunEntry {
    /// `vm-test` in cargo's target directory, on the host.
    pub directory: String,
    /// The run, which is one invocation of cargo or nextest; the name is valid as a file name.
    pub run: String,
    /// The package.
    pub package: String,
    /// The test's full name.
    pub test: String,
}

/// The maximum length of a run's name, in bytes.
pub const LONGEST_RUN: usize = 100;

impl RunEntry {
    /// Returns whether this is a valid name of a run, which becomes a file name.
    ///
    /// It is checked because it comes from the environment of tests.
    #[must_use]
    pub fn is_run(name: &str) -> bool {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        !name.is_empty() && name.len() <= LONGEST_RUN && name.chars().all(is_plain)
    }
}

/// What the test process knows of its test when it has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The instance that the test ran on.
    pub instance: String,
    /// How it ended.
    pub outcome: RecordOutcome,
    /// The time from the admission of the lease to the agent's first message; in a lab, until all
    /// nodes are ready.
    pub boot: Duration,
    /// The duration of the test process in the guest; absent if it is not known.
    pub process: Option<Duration>,
    /// The duration of the body alone, by the guest's clock; absent if it never began.
    pub body: Option<Duration>,
    /// The time from the request for the lease until now.
    pub total: Duration,
    /// Why it did not pass, as text.
    pub words: Option<String>,
    /// The end of its output; only for a test that did not pass.
    #[serde(with = "super::bytes")]
    pub output: Vec<u8>,
    /// The last lines that programs on the nodes of its lab have written; only for a test that did
    /// not pass.
    pub said: Vec<Said>,
    /// How the nodes came up that its lab starts with.
    pub nodes: Vec<NodeTimes>,
}

/// How a node of a lab came up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeTimes {
    /// The node's name.
    pub node: String,
    /// A description of its guest, for people.
    pub description: String,
    /// How it was started.
    pub startup: Startup,
    /// The time from the request for its lease to the grant: until its files are there, and it is
    /// its turn to boot.
    pub prepare: Duration,
    /// The time from the grant to its agent's first message.
    pub boot: Duration,
}

/// A line that a program on a node of a lab has written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// When it came, by the host's clock, since 1970.
    pub at: Duration,
    /// The node's name.
    pub node: String,
    /// The line, without its end.
    pub line: String,
}

/// How a test ended, as far as its guest and test process know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordOutcome {
    /// The body returned a success value.
    Passed,
    /// The body panicked. For a test with `should_panic`, this may be a pass.
    Panicked,
    /// The body returned an error.
    Failed,
    /// There is no valid verdict.
    NoVerdict,
    /// The guest did not come up.
    NoInstance,
}

/// The log of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The end of its console output, if it has a console.
    pub console: Option<Vec<String>>,
    /// Why its test did not pass, once that is known.
    pub words: Option<String>,
    /// The end of its test's output, once the test has ended and its process has reported.
    pub output: Option<String>,
    /// What all nodes have written, by one clock, if this is the log of a lab: nothing else is known
    /// of it.
    pub lab: Option<String>,
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
