//! Redis as a protocol of the proxy. It only connects: commands, replies and errors are read and
//! made elsewhere.

use super::conversation::RedisConversation;
use super::faults;
use crate::protocol::{Conversation, Fault, KnownFault, Protocol, Unsupported};

/// Redis, in RESP2 and RESP3, without TLS.
///
/// An error inside `MULTI` breaks the transaction as in redis: the later `EXEC` discards it and the
/// client is told `EXECABORT`. A connection that becomes a replica's (`SYNC`, `PSYNC`) passes
/// through untouched from there on.
#[derive(Clone, Copy, Debug, Default)]
pub struct Redis;

impl Redis {
    /// Returns the protocol.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Protocol for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(RedisConversation::default())
    }

    fn known_faults(&self) -> &'static [KnownFault] {
        faults::KNOWN
    }

    fn default_faults(&self) -> &'static [KnownFault] {
        faults::COMMON
    }

    fn check(&self, fault: &Fault) -> Result<(), Unsupported> {
        faults::line(fault).map(drop)
    }
}
