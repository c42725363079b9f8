//! TCP without a protocol above it. An exchange is what the client sends at once; nothing tells
//! what the server says to it.

use bytes::Bytes;

use super::{
    Answer, Answers, Conversation, Fault, KnownFault, Protocol, Request, Step, Taken, Unsupported,
    Violation, unknown_fault,
};
use crate::random;

const KNOWN: &[KnownFault] = &[KnownFault {
    code: "garbage",
    text: "1,000 random bytes",
}];

/// How many random bytes stand for an error.
const GARBAGE: usize = 1_000;

/// Bytes without a meaning.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tcp;

impl Tcp {
    /// Returns the protocol.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Protocol for Tcp {
    fn name(&self) -> &'static str {
        "tcp"
    }

    fn conversation(&self) -> Box<dyn Conversation> {
        Box::new(Chunks { answered: 0 })
    }

    fn known_faults(&self) -> &'static [KnownFault] {
        KNOWN
    }

    fn check(&self, fault: &Fault) -> Result<(), Unsupported> {
        if fault.code == KNOWN[0].code {
            Ok(())
        } else {
            Err(unknown_fault("TCP", &fault.code, KNOWN))
        }
    }
}

/// One connection.
struct Chunks {
    answered: u64,
}

fn all_of(bytes: &[u8], begins: Option<Request>) -> Result<Step, Violation> {
    Ok(Step::Taken(Taken {
        length: bytes.len(),
        begins,
        ends: true,
    }))
}

impl Conversation for Chunks {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let request = Request {
            name: "DATA".to_owned(),
            answers: Answers::None,
            is_open_to_faults: true,
            instead: None,
            detail: 0,
        };
        all_of(bytes, Some(request))
    }

    fn reply(&mut self, _request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        all_of(bytes, None)
    }

    fn error(&mut self, _request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        Tcp.check(fault)?;
        self.answered += 1;
        let to_client = match &fault.text {
            Some(text) => Bytes::from(text.clone()),
            None => Bytes::from(random::bytes(self.answered, GARBAGE)),
        };
        Ok(Answer {
            to_client,
            ..Answer::default()
        })
    }
}
