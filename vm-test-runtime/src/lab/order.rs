//! Orders of a test's body about its lab, and why one was not carried out. Knows none of them.

use super::exchange::ask;
use std::fmt;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Question};
use vm_test_protocol::order::{Done, Order};

/// Why a change of the lab was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LabError {
    what: String,
    cause: String,
    hint: Option<String>,
}

impl LabError {
    /// The failure to do this, as in "pause node `a`".
    pub(super) fn new(what: impl Into<String>, failure: &Failure) -> Self {
        Self {
            what: what.into(),
            cause: failure.text(),
            hint: failure.hint.clone(),
        }
    }

    /// Returns the cause alone.
    #[must_use]
    pub fn cause(&self) -> &str {
        &self.cause
    }
}

impl fmt::Display for LabError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "cannot {}: {}", self.what, self.cause)?;
        match &self.hint {
            Some(hint) => write!(to, "\nhint: {hint}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for LabError {}

/// Has the host carry out an order; `what` says what it does, for errors.
pub(super) fn order(what: &str, order: Order) -> Result<Done, LabError> {
    let failure = match ask(Question::Order(order)) {
        Answer::Done(Done::Failed(failure)) | Answer::Refused(failure) => failure,
        Answer::Done(done) => return Ok(done),
        _ => unexpected(),
    };
    Err(LabError::new(what, &failure))
}

/// The failure that the host gives an answer to another question.
pub(super) fn unexpected() -> Failure {
    Failure::new("the host gave another answer")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_could_not_be_done_why_and_what_helps() {
        let failure = Failure::new("it is off").hint("boot() switches it on");
        let error = LabError::new("pause node `a`", &failure);
        let words = "cannot pause node `a`: it is off\nhint: boot() switches it on";
        assert_eq!(error.to_string(), words);
        assert_eq!(error.cause(), "it is off");
    }
}
