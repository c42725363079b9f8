//! One connection in the binary protocol: where packets end, and which reply is whose.

use bytes::Bytes;

use super::header::{self, Header, LENGTH, REPLY, REQUEST};
use super::opcode;
use crate::protocol::memcache::faults::Said;
use crate::protocol::{
    Answer, Answers, Conversation, Fault, Request, Step, Taken, Unsupported, Violation,
};

/// So much of extras and key belongs to the first part of a request.
const FRONT: u32 = 1024;

/// One connection in the binary protocol.
#[derive(Debug, Default)]
pub(in crate::protocol::memcache) struct BinaryConversation {
    request: Body,
    reply: Body,
}

/// The part of a packet that has not passed yet.
#[derive(Clone, Copy, Debug, Default)]
struct Body {
    left: u64,
    /// Whether the message ends with the packet.
    is_last: bool,
}

impl Body {
    /// Follows a body; returns nothing if none is open.
    fn follow(&mut self, bytes: &[u8]) -> Option<Step> {
        if self.left == 0 {
            return None;
        }
        let length = usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.left -= length as u64;
        Some(part(length, None, self.left == 0 && self.is_last))
    }
}

impl Conversation for BinaryConversation {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        if let Some(step) = self.request.follow(bytes) {
            return Ok(step);
        }
        let Some(header) = Header::read(bytes, REQUEST)? else {
            return Ok(Step::More);
        };
        let front = header.front.min(FRONT);
        let length = LENGTH + front as usize;
        if bytes.len() < length {
            return Ok(Step::More);
        }
        self.request = Body {
            left: u64::from(header.body - front),
            is_last: true,
        };
        let request = Request {
            name: opcode::name(header.opcode),
            answers: opcode::answers(header.opcode),
            // A login has begun, and only the two ends know how it goes on.
            is_open_to_faults: header.opcode != opcode::SASL_STEP,
            instead: None,
            detail: packed(header.opcode, header.opaque),
        };
        Ok(part(length, Some(request), self.request.left == 0))
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        if let Some(step) = self.reply.follow(bytes) {
            return Ok(step);
        }
        let Some(header) = Header::read(bytes, REPLY)? else {
            return Ok(Step::More);
        };
        if let Some(quiet) = request.filter(|request| request.answers == Answers::Maybe)
            && unpacked(quiet.detail) != (header.opcode, header.opaque)
        {
            return Ok(Step::Unanswered);
        }
        // A reply to a quiet command that nobody waited for any longer.
        let is_late = request.is_some_and(|request| request.answers == Answers::One)
            && opcode::answers(header.opcode) == Answers::Maybe;
        let is_statistic = header.opcode == opcode::STAT && header.status == 0 && header.has_key;
        self.reply = Body {
            left: u64::from(header.body),
            is_last: !is_statistic && !is_late,
        };
        Ok(part(LENGTH, None, header.body == 0 && self.reply.is_last))
    }

    fn error(&mut self, request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        let said = Said::new(fault)?;
        let (opcode, opaque) = unpacked(request.detail);
        let to_client = match request.answers {
            Answers::None => Bytes::new(),
            Answers::One | Answers::Maybe => {
                let (status, text) = said.in_binary();
                header::error(opcode, opaque, status, text)
            }
        };
        Ok(Answer {
            to_client,
            to_server: Bytes::new(),
            closes: said.closes(),
        })
    }
}

fn part(length: usize, begins: Option<Request>, ends: bool) -> Step {
    Step::Taken(Taken {
        length,
        begins,
        ends,
    })
}

fn packed(opcode: u8, opaque: u32) -> u64 {
    u64::from(opcode) << 32 | u64::from(opaque)
}

fn unpacked(detail: u64) -> (u8, u32) {
    let opcode = u8::try_from(detail >> 32).unwrap_or_default();
    let opaque = u32::try_from(detail & u64::from(u32::MAX)).unwrap_or_default();
    (opcode, opaque)
}
