//! What a behavior is told of an exchange, and what it wants to happen. Data only.

use bytes::Bytes;

use crate::protocol::{Fault, KnownFault, Request};

/// One request of a client and the server's reply to it, as a behavior sees them.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Its number among all exchanges of the proxy that a behavior may be chosen for, from 1.
    pub ordinal: u64,
    /// The number of its connection, from 1.
    pub connection: u64,
    /// The protocol's name.
    pub protocol: &'static str,
    /// The errors of the protocol that a behavior chooses from if a test names none.
    pub default_faults: &'static [KnownFault],
    /// What its beginning tells.
    pub request: Request,
    /// A random number that depends on the seed and the request only.
    pub random: u64,
}

/// What happens next in an exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The exchange goes on.
    PassOn,
    /// The exchange goes on as if no behavior had been chosen for it, and counts as no hit.
    Ignore,
    /// The client gets this error of the protocol and the server does not get the request.
    ///
    /// Only [`before`](super::Behavior::before) can do this.
    Answer(Fault),
    /// These bytes are inserted in the middle of the first bytes of the reply.
    ///
    /// Only [`between`](super::Behavior::between) can do this.
    Insert(Bytes),
    /// Nothing of this connection is passed on any more, until the client closes it.
    Hang,
    /// Both connections are closed.
    Close,
}
