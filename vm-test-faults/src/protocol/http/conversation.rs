//! One connection of HTTP: where its requests and replies begin and end.

use super::answer::answer;
use super::body::Body;
use super::head::{RequestKind, read_reply, read_request};
use crate::protocol::{
    Answer, Answers, Conversation, Fault, Request, Step, Taken, Unsupported, Violation,
};

/// How long a head may be.
const LONGEST_HEAD: usize = 64 * 1024;

/// One connection.
#[derive(Debug, Default)]
pub(super) struct Exchanges {
    requests: Stream,
    replies: Stream,
    /// Both have agreed on another protocol.
    has_switched: bool,
}

/// One of the two directions.
#[derive(Debug, Default)]
struct Stream {
    /// What is left of the body of a message.
    body: Option<Body>,
    /// How many bytes of a head are known to have no end.
    scanned: usize,
    /// How many of them are empty lines before it, which do not end it.
    leading: usize,
}

impl Stream {
    /// Returns whether a head may have ended, which is worth reading it.
    ///
    /// Each byte is looked at once, however many come at a time.
    fn may_have_head(&mut self, bytes: &[u8]) -> Result<bool, Violation> {
        let unread = bytes.get(self.leading..).unwrap_or_default();
        let is_empty_line = |byte: &&u8| b"\r\n".contains(*byte);
        self.leading += unread.iter().take_while(is_empty_line).count();
        let from = self.scanned.saturating_sub(3).max(self.leading);
        let fresh = bytes.get(from..).unwrap_or_default();
        let has_end =
            fresh.windows(2).any(|it| it == b"\n\n") || fresh.windows(3).any(|it| it == b"\n\r\n");
        self.scanned = bytes.len();
        if !has_end && bytes.len() >= LONGEST_HEAD {
            return Err(too_long());
        }
        Ok(has_end)
    }

    /// Goes on behind a head of this length. Returns whether there is no body.
    fn begin(&mut self, length: usize, body: Body) -> Result<bool, Violation> {
        if length > LONGEST_HEAD {
            return Err(too_long());
        }
        self.scanned = 0;
        self.leading = 0;
        let ends = body.is_empty();
        self.body = (!ends).then_some(body);
        Ok(ends)
    }

    /// Goes on in a body.
    fn go_on(&mut self, bytes: &[u8]) -> Result<Option<Step>, Violation> {
        let Some(body) = &mut self.body else {
            return Ok(None);
        };
        let part = body.take(bytes)?;
        if part.ends {
            self.body = None;
        } else if part.length == 0 {
            return Ok(Some(Step::More));
        }
        Ok(Some(Step::Taken(Taken {
            length: part.length,
            begins: None,
            ends: part.ends,
        })))
    }
}

impl Conversation for Exchanges {
    fn request(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        if self.has_switched {
            return Ok(Step::Opaque);
        }
        if let Some(step) = self.requests.go_on(bytes)? {
            return Ok(step);
        }
        if !self.requests.may_have_head(bytes)? {
            return early_check(bytes);
        }
        let Some(head) = read_request(bytes)? else {
            return Ok(Step::More);
        };
        Ok(Step::Taken(Taken {
            length: head.length,
            begins: Some(Request {
                name: head.name,
                answers: Answers::One,
                is_open_to_faults: true,
                instead: None,
                detail: head.kind.to_number(),
            }),
            ends: self.requests.begin(head.length, head.body)?,
        }))
    }

    fn reply(&mut self, request: Option<&Request>, bytes: &[u8]) -> Result<Step, Violation> {
        if self.has_switched {
            return Ok(Step::Opaque);
        }
        if let Some(step) = self.replies.go_on(bytes)? {
            return Ok(step);
        }
        if !self.replies.may_have_head(bytes)? {
            return Ok(Step::More);
        }
        // Without a request it is a last word before the server closes, as 408 is.
        let kind = request.map(|it| RequestKind::from_number(it.detail));
        let kind = kind.unwrap_or_default();
        let Some(head) = read_reply(bytes, kind)? else {
            return Ok(Step::More);
        };
        let is_interim = matches!(head.status, 100 | 102..=199);
        self.has_switched = head.status == 101 && kind.upgrades
            || kind.is_connect && matches!(head.status, 200..=299);
        let body = if self.has_switched || is_interim {
            Body::of_length(0)
        } else {
            head.body
        };
        let ends = self.replies.begin(head.length, body)?;
        Ok(Step::Taken(Taken {
            length: head.length,
            begins: None,
            ends: ends && !is_interim,
        }))
    }

    fn error(&mut self, request: &Request, fault: &Fault) -> Result<Answer, Unsupported> {
        answer(RequestKind::from_number(request.detail), fault)
    }
}

fn too_long() -> Violation {
    Violation("a head of more than 64 KiB".to_owned())
}

/// Refuses what cannot become a request, before its end has come.
fn early_check(bytes: &[u8]) -> Result<Step, Violation> {
    let first = bytes.iter().find(|byte| !b"\r\n".contains(byte));
    match first {
        Some(byte) if !byte.is_ascii_graphic() => {
            let is_tls = *byte == 0x16;
            let hint = if is_tls { ": it looks like TLS" } else { "" };
            Err(Violation(format!("not a request{hint}")))
        }
        _ => Ok(Step::More),
    }
}
