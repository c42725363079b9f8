//! The reports of a test body in the guest to the agent.
//!
//! The agent accepts them only with the right nonce.

use super::lab::{Answered, Asked, Returned};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The agent's answer to the one process whose reports it accepts, before anything else.
///
/// Other processes get no answer.
pub const ADMITTED: [u8; 1] = *b"+";

/// A report from the process that runs the body.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromBody {
    /// The body is about to run.
    Begin {
        /// The nonce of the job, from [`super::ENV_JOB`].
        nonce: u128,
        /// The full name of the test.
        test: String,
        /// The address of its [`super::mailbox`] in the process's memory.
        mailbox: u64,
    },
    /// A thread of the process panicked.
    Panic(PanicReport),
    /// It asks for something to be done on another node of its lab.
    Asked(Asked),
    /// The call that it was told to run has ended.
    Returned(Returned),
    /// The body has ended.
    Verdict {
        /// The nonce of the job.
        nonce: u128,
        /// The result.
        outcome: BodyOutcome,
        /// The duration by the guest's clock.
        took: Duration,
    },
}

/// A message from the agent to the process that runs the body, after [`ADMITTED`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToBody {
    /// Run this call instead of the body; see [`super::ENV_CALL`].
    Call(#[serde(with = "super::bytes")] Vec<u8>),
    /// The answer to a question.
    Answered(Box<Answered>),
}

/// A panic as data, recorded by the panic hook.
///
/// Its backtrace is printed in the guest, where the files are, and arrives as output.
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
    /// It returned a success value.
    Passed,
    /// It returned a failure value, described here.
    Returned(String),
    /// It panicked; the message is present if the payload was a string.
    Panicked(Option<String>),
}
