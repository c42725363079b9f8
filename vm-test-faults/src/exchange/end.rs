//! Why a relay ends before both sides have closed, and the flags by which its two directions tell
//! each other.

use std::io;
use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

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

/// Something that happens once.
pub(super) struct Signal(watch::Sender<bool>);

impl Signal {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(false))
    }

    pub(super) fn give(&self) {
        self.0.send_replace(true);
    }

    pub(super) fn is_given(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when it has happened.
    pub(super) async fn given(&self) {
        // The sender lives as long as `self`, so that this cannot fail.
        let _ = self.0.subscribe().wait_for(|given| *given).await;
    }
}

pub(super) fn of_client(error: io::Error) -> End {
    End::Failed(RelayError::Client(error))
}

pub(super) fn of_server(error: io::Error) -> End {
    End::Failed(RelayError::Server(error))
}
