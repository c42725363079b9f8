//! One connection to redis: commands in, replies out, and what is said instead of them. It reads no
//! bytes itself.

use bytes::Bytes;

use super::command::{CommandReader, First};
use super::expected::Expected;
use super::faults;
use super::replies::Replies;
use super::session::{Session, Transaction};
use crate::protocol::text::{printable, unsupported};
use crate::protocol::{
    Answer, Answers, Conversation, Fault, Instead, Request, Step, Taken, Unsupported, Violation,
};

/// Ends a transaction on the server, without a trace.
const DISCARD: &[u8] = b"*1\r\n$7\r\nDISCARD\r\n";

/// What redis says to `EXEC` behind an error in the transaction.
const EXECABORT: &[u8] = b"-EXECABORT Transaction discarded because of previous errors.\r\n";

/// One connection to redis.
#[derive(Debug, Default)]
pub(super) struct RedisConversation {
    commands: CommandReader,
    replies: Replies,
    session: Session,
    /// The session before the last command, which an error leaves as it was.
    before: Session,
}

impl Conversation for RedisConversation {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        if self.commands.is_inside() {
            let (length, ends) = self.commands.rest(bytes)?;
            if length == 0 && !ends {
                return Ok(Step::More);
            }
            return Ok(Step::Taken(Taken {
                length,
                begins: None,
                ends,
            }));
        }
        let Some(first) = self.commands.first(bytes)? else {
            return Ok(Step::More);
        };
        let name = first.words.kept().first().map(|word| printable(word));
        let mut name = name.unwrap_or_default();
        name.make_ascii_uppercase();
        if matches!(name.as_str(), "SYNC" | "PSYNC") {
            return Ok(Step::Opaque);
        }
        let begins = Some(self.begin(name, &first));
        Ok(Step::Taken(Taken {
            length: first.length,
            begins,
            ends: first.ends,
        }))
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        let expected = request.map(|request| Expected::unpacked(request.detail));
        self.replies.read(expected, bytes)
    }

    fn error(&mut self, request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        let line = faults::line(fault)?;
        let was = self.before.transaction;
        let is_inside = was != Transaction::None;
        let is_silent = request.answers == Answers::None;
        let ends_transaction = is_inside && matches!(request.name.as_str(), "EXEC" | "DISCARD");
        if ends_transaction && is_silent {
            return Err(unsupported(
                fault,
                "the client ends a transaction and wants no replies",
            ));
        }
        let mut answer = Answer {
            to_client: Bytes::from(line),
            to_server: Bytes::new(),
            closes: faults::closes(fault),
        };
        if ends_transaction {
            answer.to_server = Bytes::from_static(DISCARD);
            if request.name == "EXEC" {
                answer.to_client = Bytes::from(faults::line_for_exec(fault)?);
            }
        } else {
            // The server never sees this command: only the client has lost its transaction.
            if request.name == "RESET" {
                self.session = self.before;
            }
            self.session.transaction = if is_inside {
                Transaction::Broken
            } else {
                Transaction::None
            };
        }
        if is_silent {
            answer.to_client.clear();
        }
        Ok(answer)
    }
}

impl RedisConversation {
    /// Returns the request that begins, and follows what it does to the connection.
    fn begin(&mut self, name: String, first: &First<'_>) -> Request {
        self.before = self.session;
        if first.words.count == 0 {
            // Redis reads over it and says nothing.
            return Request {
                name,
                answers: Answers::None,
                is_open_to_faults: false,
                instead: None,
                detail: 0,
            };
        }
        let (answers, changes_replies) = self.session.follow(&name, &first.words);
        let is_broken = self.before.transaction == Transaction::Broken;
        let instead = (name == "EXEC" && is_broken).then(|| Instead {
            to_server: Bytes::from_static(DISCARD),
            to_client: match answers {
                Answers::None => Bytes::new(),
                _ => Bytes::from_static(EXECABORT),
            },
        });
        Request {
            answers,
            // Client and server must agree on which replies there are.
            is_open_to_faults: !changes_replies,
            instead,
            detail: Expected::of(&name, first.words.count).packed(),
            name,
        }
    }
}
