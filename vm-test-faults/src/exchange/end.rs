//! Why a relay ends before both sides have closed, and the flags by which its two directions tell
//! each other.

use std::future::poll_fn;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use thiserror::Error;

use crate::protocol::Violation;

/// How long the other side has to read the last of what it is sent.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// Why a connection could not be carried to its end.
#[derive(Debug, Error)]
pub enum RelayError {
    /// The client's connection failed.
    #[error("the client's connection failed: {0}")]
    Client(#[source] io::Error),
    /// The server's connection failed.
    #[error("the server's connection failed: {0}")]
    Server(#[source] io::Error),
    /// The client has sent something that is not of the protocol.
    #[error("the client does not speak {protocol}: {violation}")]
    Request {
        /// The protocol's name.
        protocol: &'static str,
        /// What is wrong with the bytes.
        violation: Violation,
    },
    /// The server has sent something that is not of the protocol.
    #[error("the server does not speak {protocol}: {violation}")]
    Reply {
        /// The protocol's name.
        protocol: &'static str,
        /// What is wrong with the bytes.
        violation: Violation,
    },
    /// The protocol's parser has broken its contract.
    #[error("the parser of {protocol} is wrong: {fault}")]
    Parser {
        /// The protocol's name.
        protocol: &'static str,
        /// What it must not do and has done.
        fault: &'static str,
    },
}

impl RelayError {
    /// Returns whether both connections still work: the bytes on them are what is wrong.
    pub(super) fn is_violation(&self) -> bool {
        !matches!(self, Self::Client(_) | Self::Server(_))
    }
}

/// The end of both directions.
#[derive(Debug)]
pub(super) enum End {
    /// Wanted, by a behavior or an answer.
    Closed,
    /// Unwanted.
    Failed(RelayError),
}

impl End {
    pub(super) fn is_violation(&self) -> bool {
        matches!(self, Self::Failed(error) if error.is_violation())
    }
}

/// Something that happens once. Who gives it and who waits for it are parts of the same task.
pub(super) struct Signal(AtomicBool);

impl Signal {
    pub(super) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Gives it, and has the task polled once more for those who wait.
    pub(super) async fn give(&self) {
        self.0.store(true, Ordering::Relaxed);
        poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::Ready(())
        })
        .await;
    }

    pub(super) fn is_given(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Returns when it has happened.
    ///
    /// Waiting registers nothing anywhere: each exchange waits for signals that hardly ever come.
    pub(super) async fn given(&self) {
        poll_fn(|_| {
            if self.is_given() {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }
}

pub(super) fn of_client(error: io::Error) -> End {
    End::Failed(RelayError::Client(error))
}

pub(super) fn of_server(error: io::Error) -> End {
    End::Failed(RelayError::Server(error))
}
