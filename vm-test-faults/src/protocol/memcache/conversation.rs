//! One connection to memcached: finds out which of the two protocols the client speaks, and leaves
//! the reading to it.

use super::binary::BinaryConversation;
use super::text::TextConversation;
use crate::protocol::{Answer, Conversation, Fault, Request, Step, Unsupported, Violation};

/// The first byte of a request of the binary protocol.
const BINARY: u8 = super::binary::REQUEST;

/// The first bytes of a client that wants TLS.
const TLS: u8 = 0x16;

/// One connection to memcached.
#[derive(Debug)]
pub(super) enum MemcacheConversation {
    /// The client has said nothing yet, so that the server's words are lines.
    Unknown(TextConversation),
    Text(TextConversation),
    Binary(BinaryConversation),
}

impl Default for MemcacheConversation {
    fn default() -> Self {
        Self::Unknown(TextConversation::default())
    }
}

impl MemcacheConversation {
    fn protocol(&mut self) -> &mut dyn Conversation {
        match self {
            Self::Unknown(text) | Self::Text(text) => text,
            Self::Binary(binary) => binary,
        }
    }
}

impl Conversation for MemcacheConversation {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        if let Self::Unknown(text) = self {
            *self = match bytes[0] {
                BINARY => Self::Binary(BinaryConversation::default()),
                TLS => {
                    return Err(Violation(
                        "the client speaks TLS, which the proxy cannot read\nhint: use a \
                         connection without TLS, or protocol `tcp`"
                            .to_owned(),
                    ));
                }
                _ => Self::Text(std::mem::take(text)),
            };
        }
        self.protocol().request(bytes)
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        self.protocol().reply(request, bytes)
    }

    fn error(&mut self, request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        self.protocol().error(request, fault)
    }
}
