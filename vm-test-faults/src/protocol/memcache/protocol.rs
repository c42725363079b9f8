//! Memcached as a protocol of the proxy. It only connects: requests, replies and errors are read
//! and made elsewhere.

use super::conversation::MemcacheConversation;
use super::{binary, faults};
use crate::protocol::{Conversation, Fault, KnownFault, Protocol, Unsupported};

/// Memcached, in the text and in the binary protocol, without TLS.
///
/// The first byte of a connection tells which of the two the client speaks. Commands with
/// `noreply` get no error. Quiet meta commands and quiet commands of the binary protocol do get
/// one, as memcached itself answers them: "quiet" hides the expected results only.
///
/// The replies to quiet meta commands can be told apart only by their flags `O` and `k`. A client
/// that uses neither needs an `mn` behind its quiet commands, as memcached's documentation says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memcache;

impl Memcache {
    /// Returns the protocol.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Protocol for Memcache {
    fn name(&self) -> &'static str {
        "memcache"
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(MemcacheConversation::default())
    }

    fn known_faults(&self) -> &'static [KnownFault] {
        faults::KNOWN
    }

    fn default_faults(&self) -> &'static [KnownFault] {
        faults::COMMON
    }

    fn distinctive_part<'a>(&self, first_part: &'a [u8]) -> &'a [u8] {
        // A header has a number that clients count up.
        binary::behind_header(first_part).unwrap_or(first_part)
    }

    fn check(&self, fault: &Fault) -> Result<(), Unsupported> {
        faults::Said::new(fault).map(drop)
    }
}
