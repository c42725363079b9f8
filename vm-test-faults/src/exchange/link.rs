//! What the two directions of one connection share. Neither is known here.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;

use super::carrier::Carrier;
use super::end::{End, RelayError, Signal};
use super::moment::Moment;
use crate::protocol::{Conversation, Step, Taken, Violation};

/// One connection through the proxy.
pub(super) struct Link {
    pub(super) carrier: Arc<Carrier>,
    pub(super) connection: u64,
    conversation: Mutex<Box<dyn Conversation>>,
    /// The server's words have ended what the protocol understands.
    pub(super) is_opaque: Signal,
    /// The client sends nothing more.
    pub(super) client_ended: Signal,
    /// A behavior wants the client to wait for ever.
    pub(super) hangs: Signal,
    /// The server has said something since this was last waited for.
    pub(super) replied: Notify,
}

impl Link {
    pub(super) fn new(carrier: &Arc<Carrier>) -> Self {
        let connection = carrier.next_connection();
        carrier.tell(connection, Moment::Started);
        Self {
            connection,
            conversation: Mutex::new(carrier.protocol().conversation()),
            carrier: Arc::clone(carrier),
            is_opaque: Signal::new(),
            client_ended: Signal::new(),
            hangs: Signal::new(),
            replied: Notify::new(),
        }
    }

    /// Asks the protocol. The lock is never held while anything waits.
    pub(super) fn ask<T>(&self, question: impl FnOnce(&mut dyn Conversation) -> T) -> T {
        let conversation = self.conversation.lock();
        question(&mut **conversation.unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns the step that a parser has made, if that is one it may make.
    pub(super) fn checked(
        &self,
        step: Result<Step, Violation>,
        available: usize,
        error: fn(&'static str, Violation) -> RelayError,
    ) -> Result<Step, End> {
        let protocol = self.carrier.protocol().name();
        match step {
            Ok(Step::Taken(Taken { length, .. }) | Step::Rewritten(Taken { length, .. }, _))
                if length > available =>
            {
                Err(self.wrong("it has taken more than there is"))
            }
            Ok(
                Step::Taken(Taken {
                    length: 0,
                    ends: false,
                    ..
                })
                | Step::Rewritten(
                    Taken {
                        length: 0,
                        ends: false,
                        ..
                    },
                    _,
                ),
            ) => Err(self.wrong("it has taken nothing")),
            Ok(step) => Ok(step),
            Err(violation) => Err(End::Failed(error(protocol, violation))),
        }
    }

    /// Returns the end of a connection whose parser has broken its contract.
    pub(super) fn wrong(&self, fault: &'static str) -> End {
        End::Failed(RelayError::Parser {
            protocol: self.carrier.protocol().name(),
            fault,
        })
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.carrier.tell(self.connection, Moment::Ended);
    }
}
