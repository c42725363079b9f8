//! The errors that a protocol can say to a client, and what it says when it does not understand.

use thiserror::Error;

/// An error that the proxy shall answer with, as a test names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The error in the protocol's words: `LOADING`, `SERVER_ERROR`, `1040`, `451`, `503`.
    pub code: String,
    /// The text behind it; the protocol's own if there is none.
    pub text: Option<String>,
}

/// An error that a protocol knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownFault {
    /// The error in the protocol's words, as in [`Fault::code`].
    pub code: &'static str,
    /// The text that a server says behind it.
    pub text: &'static str,
}

/// The protocol cannot say this error, or not here.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("cannot answer with {code}: {reason}")]
pub struct Unsupported {
    /// The error that was asked for.
    pub code: String,
    /// Why the protocol cannot say it, as a clause; with a hint of what it can say.
    pub reason: String,
}

/// Bytes that are not of the protocol.
///
/// The proxy then passes on nothing more: it closes both sides and says why in its log.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct Violation(pub String);
