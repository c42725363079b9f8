//! Which bytes of the client are a command, and which of the server its reply. Of the bytes
//! themselves nothing is kept.

use bytes::Bytes;

use super::command::{self, Course, command, request_name};
use super::connection::{Connection, File, Phase};
use super::detail::Detail;
use super::fault::Error;
use super::packet::{FULL, HEADER, Header, Position, front, packet};
use super::reply::{self, Kind, Next, Reply};
use crate::protocol::{
    Answer, Answers, Conversation, Fault, Request, Step, Taken, Unsupported, Violation,
};

/// How many replies that nobody sees may be outstanding.
const MOST_STAND_INS: usize = 4096;

impl Connection {
    fn command(&mut self, bytes: &[u8]) -> Step {
        let Some((header, head)) = front(bytes, command::HEAD) else {
            return Step::More;
        };
        if self.phase == Phase::Login && header.sequence != 0 {
            let request = self.closed("login data", Answers::None, Kind::Single);
            return self.begin(bytes, header, head, request);
        }
        let (_, course) = command(head.first().copied().unwrap_or(0));
        if course == Course::Opaque {
            return Step::Opaque;
        }
        let kind = match course {
            Course::Replied(kind) => kind,
            Course::Silent | Course::Opaque => Kind::Single,
        };
        self.requests += 1;
        let detail = Detail {
            number: self.requests,
            kind,
            sequence: header.sequence,
            is_long: header.length == FULL,
            is_greeting: false,
        };
        let request = Request {
            name: request_name(head, self.capabilities),
            answers: course.answers(),
            is_open_to_faults: matches!(course, Course::Replied(_)),
            instead: None,
            detail: detail.pack(),
        };
        self.begin(bytes, header, head, request)
    }

    /// Takes packets of a file, up to the empty one that ends it.
    fn file(&mut self, bytes: &[u8]) -> Step {
        let mut length = 0;
        let mut ends = false;
        while !ends {
            let rest = &bytes[length..];
            if self.client == Position::Between {
                let Some(header) = Header::read(rest) else {
                    break;
                };
                length += HEADER;
                ends = header.length == 0;
                if !ends {
                    self.client.enter(header.length);
                }
                if self.file == File::Wanted {
                    // The first part does not depend on how much has arrived.
                    break;
                }
            } else {
                let (passed, is_whole) = self.client.pass(rest);
                length += passed;
                if !is_whole {
                    break;
                }
            }
        }
        if length == 0 {
            return Step::More;
        }
        let begins = (self.file == File::Wanted)
            .then(|| self.closed("LOCAL INFILE", Answers::One, Kind::Result));
        self.file = if ends { File::None } else { File::Coming };
        Step::Taken(Taken {
            length,
            begins,
            ends,
        })
    }

    /// Returns what the reply to a request looks like.
    fn expected(&self, request: Option<&Request>) -> Kind {
        let Some(request) = request else {
            return Kind::Single;
        };
        let detail = Detail::unpack(request.detail);
        if self.stand_ins.front() == Some(&detail.number) {
            return Kind::Single;
        }
        detail.kind
    }

    /// Notes what a packet of the server means for what the client may send.
    fn note(&mut self, next: Next) -> Result<(), Violation> {
        match next {
            Next::More | Next::Ends => {}
            Next::Authenticating => self.phase = Phase::Login,
            Next::Authenticated => self.phase = Phase::Commands,
            Next::WantsFile if self.file != File::None => {
                let reason = "the server asks for a file before it has all of another one";
                return Err(Violation(reason.to_owned()));
            }
            Next::WantsFile => self.file = File::Wanted,
        }
        Ok(())
    }
}

impl Conversation for Connection {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        // A server may ask for a file before it has all of a command; the rest of that comes first.
        let is_in_command = self.client != Position::Between && self.file != File::Coming;
        if self.file != File::None && !is_in_command {
            return Ok(self.file(bytes));
        }
        if is_in_command {
            let (length, ends) = self.client.pass(bytes);
            if length == 0 {
                return Ok(Step::More);
            }
            return Ok(Step::Taken(Taken {
                length,
                begins: None,
                ends,
            }));
        }
        let refuse = |reason: &str| Err(Violation(reason.to_owned()));
        match self.phase {
            Phase::Silence => refuse("the client spoke before the server greeted it"),
            Phase::Refused => refuse("the client went on in TLS, which was refused"),
            Phase::Greeted => self.login(bytes),
            Phase::Login | Phase::Commands => Ok(self.command(bytes)),
        }
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        if self.phase == Phase::Silence {
            return self.greeting_of_server(bytes);
        }
        let mut length = 0;
        let mut ends = false;
        while !ends {
            let rest = &bytes[length..];
            if self.server == Position::Between {
                let Some((header, head)) = front(rest, reply::HEAD) else {
                    break;
                };
                let (mut reply, _) = match self.reply.take() {
                    Some(reply) => reply,
                    None => {
                        let kind = self.expected(request);
                        (Reply::new(kind, self.capabilities), Next::More)
                    }
                };
                let next = reply.packet(header.length, head);
                self.note(next)?;
                self.reply = Some((reply, next));
                self.server.enter(header.length);
                length += HEADER;
            }
            let (passed, is_whole) = self.server.pass(&bytes[length..]);
            length += passed;
            if !is_whole {
                break;
            }
            let last = [Next::Ends, Next::Authenticated, Next::WantsFile];
            ends = matches!(&self.reply, Some((_, next)) if last.contains(next));
        }
        if length == 0 {
            return Ok(Step::More);
        }
        if ends {
            self.reply = None;
            let number = request.map(|request| Detail::unpack(request.detail).number);
            if number.is_some() && self.stand_ins.front() == number.as_ref() {
                self.stand_ins.pop_front();
            }
        }
        Ok(Step::Taken(Taken {
            length,
            begins: None,
            ends,
        }))
    }

    fn error(&mut self, request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        let error = Error::read(fault)?;
        let refuse = |reason: &str| {
            Err(Unsupported {
                code: fault.code.clone(),
                reason: reason.to_owned(),
            })
        };
        let detail = Detail::unpack(request.detail);
        if detail.is_long {
            return refuse("a request of 16 MiB or more gets only the server's own reply");
        }
        if detail.is_greeting {
            return Ok(Answer {
                to_client: error.refusal().into(),
                to_server: Bytes::new(),
                closes: true,
            });
        }
        let mut to_server = Bytes::new();
        if error.has_rolled_back() {
            if self.stand_ins.len() >= MOST_STAND_INS {
                return refuse("too many rollbacks are under way");
            }
            self.stand_ins.push_back(detail.number);
            to_server = packet(0, b"\x03ROLLBACK").unwrap_or_default().into();
        }
        Ok(Answer {
            to_client: error.packet(detail.sequence.wrapping_add(1)).into(),
            to_server,
            closes: error.closes(),
        })
    }

    fn greeting(&mut self) -> Option<Request> {
        let detail = Detail {
            number: 0,
            kind: Kind::Single,
            sequence: 0,
            is_long: false,
            is_greeting: true,
        };
        Some(Request {
            name: "greeting".to_owned(),
            answers: Answers::One,
            is_open_to_faults: true,
            instead: None,
            detail: detail.pack(),
        })
    }
}
