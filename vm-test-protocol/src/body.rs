//! What a test body, in the guest, reports to the agent. The agent believes it only with the right nonce.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What the agent answers to the one process whose reports it takes, before anything else; it answers no other.
pub const ADMITTED: [u8; 1] = *b"+";

/// One report of the process that runs the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromBody {
    /// The body is about to run.
    Begin {
        /// The nonce of the job, from [`super::ENV_JOB`].
        nonce: u128,
        /// The full name of the test.
        test: String,
        /// Where in the memory of the process its [`super::mailbox`] is.
        mailbox: u64,
    },
    /// A thread of the process panics.
    Panic(PanicReport),
    /// The body has ended.
    Verdict {
        /// The nonce of the job.
        nonce: u128,
        /// How it ended.
        outcome: BodyOutcome,
        /// How long it took by the guest's clock.
        took: Duration,
    },
}

/// A panic as data, recorded by the panic hook. Its backtrace is printed in the guest, where its files are, and comes as
/// output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PanicReport {
    /// The thread's name; libtest names a test's thread after the test.
    pub thread: Option<String>,
    /// The message, if the payload was a string.
    pub message: Option<String>,
    /// `file:line:column` of the panic.
    pub location: Option<String>,
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BodyOutcome {
    /// It returned a value that stands for success.
    Passed,
    /// It returned a value that stands for failure, described here.
    Returned(String),
    /// It panicked; the message is there if the payload was a string.
    Panicked(Option<String>),
}
