//! The way from the body of a test to the test process on the host, and who may use it. Knows no
//! question.

use crate::guest::{self, Channel};
use std::io;
use vm_test_protocol::body::{FromBody, ToBody};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::{ENV_CALL, ENV_LAB};

/// A connection on which questions are asked and answers heard.
pub(super) trait Line: Sync {
    /// Sends a question.
    fn ask(&self, question: &FromBody) -> io::Result<()>;

    /// Waits for the next message. One thread at a time calls this.
    fn hear(&self) -> io::Result<ToBody>;
}

impl Line for Channel {
    fn ask(&self, question: &FromBody) -> io::Result<()> {
        self.ask(question)
    }

    fn hear(&self) -> io::Result<ToBody> {
        self.hear()
    }
}

/// Returns the line of this process, if it may ask.
///
/// The agent takes a question from anybody else for a breach of the protocol.
pub(super) fn line() -> Result<&'static dyn Line, Failure> {
    if std::env::var_os(ENV_LAB).is_none() {
        return Err(Failure::new("this is not the body of a test with a lab")
            .hint("give the test one, as in #[on_vm(lab = \"office\")]"));
    }
    line_of_body()
}

/// Returns the line of this process, if it may ask about its own guest, which is in no lab.
pub(super) fn line_without_lab() -> Result<&'static dyn Line, Failure> {
    if std::env::var_os(ENV_LAB).is_some() {
        return Err(Failure::new("this is the body of a test with a lab")
            .hint("the links of a lab have names, as in lab().link(\"a\", \"lan\")"));
    }
    line_of_body()
}

fn line_of_body() -> Result<&'static dyn Line, Failure> {
    let refuse = |cause: &str, hint: &str| Err(Failure::new(cause).hint(hint));
    if std::env::var_os(ENV_CALL).is_some() {
        return refuse(
            "this is a call on a node, and only the body of the test uses other nodes",
            "return to the body what it needs to call the next node",
        );
    }
    match guest::channel() {
        Some(channel) => Ok(channel),
        None => refuse(
            "the body of the test has not begun in this process",
            "use it in the body, not in a fixture or a process that the body starts",
        ),
    }
}

/// Explains a question that could not be sent.
pub(super) fn unsent(error: &io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::InvalidData => Failure::new(format!("it is too long to be sent: {error}")),
        io::ErrorKind::ConnectionAborted => Failure::new("the body of the test has ended")
            .hint("let threads and tasks of the body that use nodes end before the body does"),
        _ => lost(&error.to_string()),
    }
}

/// Explains a connection that is closed.
pub(super) fn lost(cause: &str) -> Failure {
    Failure::new(format!("the connection to the agent is closed: {cause}"))
        .hint("the test has closed descriptors that it did not open, or runs in a forked process")
}
