//! One connection in the text protocol: cuts commands out of the client's bytes and replies out of
//! the server's.

use bytes::Bytes;
use memchr::memchr;

use super::command::{self, Command};
use super::expected::Expected;
use super::replies::{Found, ReplyReader};
use crate::protocol::memcache::faults::Said;
use crate::protocol::{
    Answer, Answers, Conversation, Fault, Request, Step, Taken, Unsupported, Violation,
};

/// The first part of a retrieval is at most so long, whatever has arrived of it, so that equal
/// commands have equal first parts.
const FIRST_PART: usize = 1024;

/// No other command is as long as this. Memcached itself closes connections at 2,048.
const LONGEST_LINE: usize = 4096;

/// One connection in the text protocol.
#[derive(Debug, Default)]
pub(in crate::protocol::memcache) struct TextConversation {
    place: Place,
    replies: ReplyReader,
}

/// What the client's next byte belongs to.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Start,
    /// A retrieval, whose keys need not be looked at.
    Keys,
    /// A block of data with so many bytes left.
    Block(u64),
}

impl Conversation for TextConversation {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        match self.place {
            Place::Start => self.begin(bytes),
            Place::Keys => {
                let end = memchr(b'\n', bytes);
                Ok(self.part(end.map_or(bytes.len(), |end| end + 1), end.is_some()))
            }
            Place::Block(left) => {
                let length =
                    usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.place = Place::Block(left - length as u64);
                Ok(self.part(length, left == length as u64))
            }
        }
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        let expected = request.map(|request| Expected::unpacked(request.detail));
        let is_quiet = request.is_some_and(|request| request.answers == Answers::Maybe);
        Ok(match self.replies.read(expected, is_quiet, bytes)? {
            Found::Unanswered => Step::Unanswered,
            Found::Part(0, _) => Step::More,
            Found::Part(length, ends) => Step::Taken(Taken {
                length,
                begins: None,
                ends,
            }),
        })
    }

    fn error(&mut self, request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        let said = Said::new(fault)?;
        let to_client = match request.answers {
            Answers::None => Bytes::new(),
            Answers::One | Answers::Maybe => said.in_text(),
        };
        Ok(Answer {
            to_client,
            to_server: Bytes::new(),
            closes: said.closes(),
        })
    }
}

impl TextConversation {
    fn begin(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let near = &bytes[..bytes.len().min(LONGEST_LINE)];
        let end = memchr(b'\n', near);
        let is_long = end.map_or(near.len(), |end| end + 1) > FIRST_PART;
        if is_long && command::is_retrieval(near) {
            self.place = Place::Keys;
            let command = command::read(&near[..FIRST_PART]);
            return Ok(Step::Taken(Taken {
                length: FIRST_PART,
                begins: Some(request(command)),
                ends: false,
            }));
        }
        let Some(end) = end else {
            return if near.len() == LONGEST_LINE {
                Err(Violation(format!(
                    "a command is longer than {LONGEST_LINE} bytes"
                )))
            } else {
                Ok(Step::More)
            };
        };
        let line = &near[..end];
        // As memcached does: a line of nothing but `\r` keeps it.
        let line = match line.strip_suffix(b"\r") {
            Some(shorter) if !shorter.is_empty() => shorter,
            _ => line,
        };
        let command = command::read(line);
        if command.is_watch {
            return Ok(Step::Opaque);
        }
        if command.block > 0 {
            self.place = Place::Block(command.block);
        }
        Ok(Step::Taken(Taken {
            length: end + 1,
            ends: command.block == 0,
            begins: Some(request(command)),
        }))
    }

    /// Returns a further part of a request.
    fn part(&mut self, length: usize, ends: bool) -> Step {
        if ends {
            self.place = Place::Start;
        }
        Step::Taken(Taken {
            length,
            begins: None,
            ends,
        })
    }
}

fn request(command: Command) -> Request {
    Request {
        name: command.name,
        answers: command.answers,
        is_open_to_faults: true,
        instead: None,
        detail: command.expected.packed(),
    }
}
