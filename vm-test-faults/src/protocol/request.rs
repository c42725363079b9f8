//! Requests and replies as a protocol cuts them out of two streams of bytes. This file holds data
//! only: it reads no bytes and decides nothing.

use bytes::Bytes;

/// How many replies a request gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// Exactly one.
    One,
    /// One or none: only the next reply tells (a quiet command of memcached).
    Maybe,
    /// None, whatever becomes of it (memcached's `noreply`).
    None,
}

/// A request, as far as its beginning tells.
#[derive(Clone, Debug)]
pub struct Request {
    /// The command in the protocol's words, for rules and events: `SET`, `GET /path`, `COM_QUERY`.
    ///
    /// It has at most 200 bytes and no control characters.
    pub name: String,
    /// How many replies it gets.
    pub answers: Answers,
    /// Whether a behavior may be chosen for it.
    ///
    /// It may not in the middle of something that only the two ends can finish, such as a login.
    pub is_open_to_faults: bool,
    /// What the server gets and the client is told instead, whatever the behavior.
    pub instead: Option<Instead>,
    /// A number for the protocol's own use when it reads the reply.
    pub detail: u64,
}

/// What stands in for a request and its reply.
///
/// An example: after an injected error inside `MULTI`, redis' `EXEC` becomes a `DISCARD` whose
/// reply nobody sees, and the client is told `EXECABORT`.
#[derive(Clone, Debug)]
pub struct Instead {
    /// The bytes for the server; if empty, the server gets nothing and no reply is read.
    pub to_server: Bytes,
    /// The bytes for the client, in place of the server's reply.
    pub to_client: Bytes,
}

/// What an error looks like on the wire.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The bytes for the client; empty for a request that gets no reply.
    pub to_client: Bytes,
    /// Bytes that the server gets in place of the request, and whose reply nobody sees.
    pub to_server: Bytes,
    /// Whether the proxy closes the connection behind them, as a server would.
    pub closes: bool,
}

/// What is known of the bytes at the front of a stream.
#[derive(Debug)]
pub enum Step {
    /// They do not tell yet: more are needed.
    ///
    /// The proxy gives the same bytes again, with more behind them. A protocol may ask for more
    /// only up to its own limit, at most 64 KiB; beyond, it returns a [`Violation`](super::Violation).
    More,
    /// Of requests only: what they are depends on the reply to the last request.
    ///
    /// The proxy gives the same bytes again, perhaps with more behind them, once it has given more
    /// of the server's to [`Conversation::reply`](super::Conversation::reply).
    Wait,
    /// Some of them are understood.
    Taken(Taken),
    /// As [`Step::Taken`], but the other side gets these bytes in their place.
    Rewritten(Taken, Bytes),
    /// Of replies only: the request gets no reply, and the bytes belong to a later one.
    ///
    /// Only a request with [`Answers::Maybe`] may be skipped.
    Unanswered,
    /// From the first of them on, both directions pass through untouched, until the end.
    Opaque,
}

/// Bytes at the front of a stream that belong to one message.
#[derive(Debug)]
pub struct Taken {
    /// How many bytes; may be 0 only if `ends` is true.
    pub length: usize,
    /// The request that begins with them, in the first part of a request only.
    pub begins: Option<Request>,
    /// Whether the message ends behind them.
    ///
    /// What does not end is passed on in parts, so that no message has to fit into memory.
    pub ends: bool,
}
