//! A fault of a lab's networks, or of a guest's own link, from its beginning to its end, and what can
//! go wrong with that. Knows no kind of fault.

use super::exchange::{ask, ask_without_lab};
use std::fmt;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::impairment::Tally;
use vm_test_protocol::lab::{Answer, Question};
use vm_test_protocol::order::{Done, Fault, Order};

/// A fault that lasts until this is dropped.
#[derive(Debug)]
pub(super) struct Standing {
    /// Its number, unless it has ended.
    number: Option<u64>,
    owner: Owner,
}

/// What a fault is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    /// The lab.
    Lab,
    /// The guest that the test runs in, which is in no lab.
    Guest,
}

/// What a link has held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Released {
    /// How many frames were delivered. A frame can have the data of many packets.
    pub delivered: u64,
    /// How many frames were lost: more had come than can be held.
    pub lost: u64,
}

/// Why the networks of a lab, or the link of a guest, are not as a test wants them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkError {
    failure: Failure,
}

impl Standing {
    /// Begins a fault.
    pub(super) fn begin(fault: Fault) -> Result<Self, LinkError> {
        let owner = match fault {
            Fault::OwnLink { .. } => Owner::Guest,
            Fault::Link { .. } | Fault::Partition { .. } => Owner::Lab,
        };
        match order(owner, Order::Fault(fault))? {
            Done::Faulted(number) => Ok(Self {
                number: Some(number),
                owner,
            }),
            other => Err(LinkError::of_answer(&other)),
        }
    }

    /// Returns what has come of it, if it is an impairment.
    pub(super) fn tally(&self) -> Result<Tally, LinkError> {
        let Some(fault) = self.number else {
            return Ok(Tally::default());
        };
        match order(self.owner, Order::Tally { fault })? {
            Done::Tally(tally) => Ok(tally),
            other => Err(LinkError::of_answer(&other)),
        }
    }

    /// Ends the fault.
    pub(super) fn end(&mut self) -> Result<Released, LinkError> {
        let Some(fault) = self.number.take() else {
            return Ok(Released::default());
        };
        match order(self.owner, Order::Mend { fault })? {
            Done::Mended { delivered, lost } => Ok(Released { delivered, lost }),
            other => Err(LinkError::of_answer(&other)),
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        match self.end() {
            Ok(Released { lost: 0, .. }) => {}
            Ok(Released { lost, .. }) => eprintln!(
                "vm-test: warning: {lost} frames of a link that was held or delayed are lost: more had come than can be kept"
            ),
            Err(error) => eprintln!("vm-test: warning: {error}"),
        }
    }
}

/// Has the host change the lab, or the link of the guest.
pub(super) fn order(owner: Owner, order: Order) -> Result<Done, LinkError> {
    let (answer, what) = match owner {
        Owner::Lab => (ask(Question::Order(order)), "the lab"),
        Owner::Guest => (
            ask_without_lab(Question::Order(order)),
            "the link of this guest",
        ),
    };
    match answer {
        Answer::Done(Done::Failed(failure)) => Err(LinkError { failure }),
        Answer::Done(done) => Ok(done),
        Answer::Refused(failure) => Err(LinkError {
            failure: failure.reworded(|cause| format!("cannot use {what}: {cause}")),
        }),
        _ => Err(LinkError::other()),
    }
}

/// Returns a value, or panics with the words of the error.
#[track_caller]
pub(super) fn or_panic<T>(result: Result<T, LinkError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{error}"),
    }
}

impl LinkError {
    /// Returns the error for an answer to another question.
    pub(super) fn of_answer(done: &Done) -> Self {
        match done {
            Done::Failed(failure) => Self {
                failure: failure.clone(),
            },
            _ => Self::other(),
        }
    }

    fn other() -> Self {
        Self {
            failure: Failure::new("cannot use the lab: the host gave another answer"),
        }
    }
}

impl fmt::Display for LinkError {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(to)
    }
}

impl std::error::Error for LinkError {}
