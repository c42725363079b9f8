//! Why a node cannot have a fault, or is not rid of it. Words only.

use std::fmt;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::node_fault::{Obstacle, Unable};

/// Why a node cannot have a fault, or is not rid of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFaultError {
    cause: FaultCause,
    failure: Failure,
}

/// What stands in the way of a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultCause {
    /// The guest is a container, whose kernel is the host's; a VM can have this fault.
    Container,
    /// The guest's kernel lacks something.
    Kernel,
    /// The guest's image lacks a program.
    Program,
    /// Something in the guest is in use.
    Busy,
    /// There is no such file or process.
    Absent,
    /// The guest has less memory or room than the fault needs.
    Room,
    /// Anything else: the error's words have it.
    Other,
}

impl NodeFaultError {
    /// Returns the error for what the agent says.
    pub(super) fn of(unable: Unable) -> Self {
        let cause = match unable.obstacle {
            Obstacle::Container => FaultCause::Container,
            Obstacle::Kernel => FaultCause::Kernel,
            Obstacle::Program => FaultCause::Program,
            Obstacle::Busy => FaultCause::Busy,
            Obstacle::Absent => FaultCause::Absent,
            Obstacle::Room => FaultCause::Room,
            Obstacle::Other => FaultCause::Other,
        };
        let failure = unable.failure;
        Self { cause, failure }
    }

    /// Returns what stands in the way.
    #[must_use]
    pub fn cause(&self) -> FaultCause {
        self.cause
    }
}

impl From<Failure> for NodeFaultError {
    fn from(failure: Failure) -> Self {
        let cause = FaultCause::Other;
        Self { cause, failure }
    }
}

impl fmt::Display for NodeFaultError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(to)
    }
}

impl std::error::Error for NodeFaultError {}

/// Returns a value, or panics with the words of the error.
#[track_caller]
pub(super) fn or_panic<T>(result: Result<T, NodeFaultError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_its_cause_and_its_words() {
        let words = "cannot set the clock: it is the host's";
        let failure = Failure::new(words).hint("use a VM");
        let obstacle = Obstacle::Container;
        let error = NodeFaultError::of(Unable { obstacle, failure });
        assert_eq!(error.cause(), FaultCause::Container);
        assert_eq!(error.to_string(), format!("{words}\nhint: use a VM"));
        let other = NodeFaultError::from(Failure::new("cannot"));
        assert_eq!(other.cause(), FaultCause::Other);
    }
}
