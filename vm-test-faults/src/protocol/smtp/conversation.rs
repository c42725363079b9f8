//! Which bytes are a request, which its reply, and how an error is said.

use bytes::Bytes;

use super::connection::{Client, Connection};
use super::content::Content;
use super::detail::{Detail, Kind};
use super::fault::Error;
use super::line::Line;
use crate::protocol::{
    Answer, Answers, Conversation, Fault, Request, Step, Taken, Tls, Unsupported, Violation,
};

/// The first byte of TLS without `STARTTLS`: a handshake.
const TLS_HANDSHAKE: u8 = 0x16;

/// What asks a client for its message.
const GO_AHEAD: &[u8] = b"354 End data with <CR><LF>.<CR><LF>\r\n";

/// What makes a server forget a message.
const RESET: &[u8] = b"RSET\r\n";

impl Conversation for Connection {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        if !self.has_greeted && self.requests == 0 && bytes.first() == Some(&TLS_HANDSHAKE) {
            return match self.tls {
                Tls::PassedThrough => Ok(Step::Opaque),
                Tls::Refused => Err(Violation("the client began with TLS".to_owned())),
            };
        }
        Ok(match self.client.clone() {
            Client::Command | Client::Authentication => self.command(bytes),
            Client::Line(behind) => self.line(bytes, *behind),
            Client::Waiting(_) => Step::Wait,
            Client::Chunk(left) => self.chunk(bytes, left),
            Client::Content {
                content,
                has_begun,
                instead,
            } => self.content(bytes, content, has_begun, instead),
            Client::Closed => {
                let reason = "the client went on behind an error that closes the connection";
                return Err(Violation(reason.to_owned()));
            }
        })
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        self.has_greeted = true;
        let detail = request.map(|request| Detail::unpack(request.detail));
        let is_list = detail.is_some_and(|detail| detail.kind == Kind::Hello);
        if is_list && self.tls == Tls::Refused && self.line == Line::Start {
            return self.extensions(bytes);
        }
        let passed = self.line.pass(bytes);
        if let (Some(detail), Some(digit)) = (detail, passed.first_digit)
            && let Some(step) = self.note(detail, digit)
        {
            return Ok(step);
        }
        if passed.length == 0 {
            return Ok(Step::More);
        }
        Ok(Step::Taken(Taken {
            length: passed.length,
            begins: None,
            ends: passed.ends,
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
        let kind = Detail::unpack(request.detail).kind;
        if kind == Kind::Message {
            return refuse(
                "the server is receiving the message and would deliver it\n\
                 hint: choose `451 after DATA` for requests `DATA`",
            );
        }
        if error.is_after_data && kind != Kind::Data {
            return refuse(
                "only a message behind DATA can get it\nhint: choose it for requests `DATA`",
            );
        }
        if error.is_after_data {
            self.go_on_with(Client::Content {
                content: Content::new(),
                has_begun: false,
                instead: Some(error),
            });
            return Ok(Answer {
                to_client: Bytes::from_static(GO_AHEAD),
                to_server: Bytes::from_static(RESET),
                closes: false,
            });
        }
        if matches!(kind, Kind::Data | Kind::Authentication | Kind::Tls) {
            // There will be no reply of the server to wait for.
            self.go_on_with(Client::Command);
        }
        Ok(Answer {
            to_client: error.reply().into(),
            // Parts of a message that came before must not be delivered without this one.
            to_server: match kind {
                Kind::Chunk => Bytes::from_static(RESET),
                _ => Bytes::new(),
            },
            closes: error.closes() || kind == Kind::Greeting,
        })
    }

    fn greeting(&mut self) -> Option<Request> {
        let kind = Kind::Greeting;
        Some(Request {
            name: "greeting".to_owned(),
            answers: Answers::One,
            is_open_to_faults: true,
            instead: None,
            detail: Detail { kind, number: 0 }.pack(),
        })
    }
}
