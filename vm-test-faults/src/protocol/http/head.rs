//! Heads of requests and replies: which bytes they are, and how long the body behind them is.

use httparse::{EMPTY_HEADER, Header, Status};

use super::body::Body;
use crate::protocol::Violation;

/// How many headers a head may have.
const MOST_HEADERS: usize = 200;

/// The longest name of a request that rules and events see.
const LONGEST_NAME: usize = 200;

/// What the reply to a request depends on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RequestKind {
    pub(super) is_head: bool,
    pub(super) is_connect: bool,
    pub(super) upgrades: bool,
    /// The client wants no further exchange on the connection.
    pub(super) closes: bool,
    pub(super) expects_continue: bool,
    /// It is of HTTP/1.0.
    pub(super) is_old: bool,
}

/// The head of a request.
pub(super) struct RequestHead {
    pub(super) length: usize,
    pub(super) name: String,
    pub(super) kind: RequestKind,
    pub(super) body: Body,
}

/// The head of a reply.
pub(super) struct ReplyHead {
    pub(super) length: usize,
    pub(super) status: u16,
    pub(super) body: Body,
}

impl RequestKind {
    const FLAGS: usize = 6;

    /// Returns the kind as a number, and back.
    pub(super) fn to_number(self) -> u64 {
        let flags = self.flags();
        let bits = flags
            .iter()
            .zip(0..)
            .map(|(flag, at)| u64::from(*flag) << at);
        bits.sum()
    }

    pub(super) fn from_number(number: u64) -> Self {
        let bit = |at: u32| number >> at & 1 == 1;
        Self {
            is_head: bit(0),
            is_connect: bit(1),
            upgrades: bit(2),
            closes: bit(3),
            expects_continue: bit(4),
            is_old: bit(5),
        }
    }

    fn flags(self) -> [bool; Self::FLAGS] {
        [
            self.is_head,
            self.is_connect,
            self.upgrades,
            self.closes,
            self.expects_continue,
            self.is_old,
        ]
    }
}

/// Reads the head of a request, if all of it is there.
pub(super) fn read_request(bytes: &[u8]) -> Result<Option<RequestHead>, Violation> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    let length = match request.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Violation(format!("not a request: {error}"))),
    };
    let method = request.method.unwrap_or_default();
    let path = request.path.unwrap_or_default();
    let is_old = request.version == Some(0);
    let framing = Framing::read(request.headers)?;
    if framing.is_coded && (!framing.is_chunked || is_old) {
        return Err(Violation(
            "a request whose length no transfer coding tells".to_owned(),
        ));
    }
    if framing.is_coded && framing.length.is_some() {
        return Err(Violation(
            "a request with both Content-Length and Transfer-Encoding".to_owned(),
        ));
    }
    let kind = RequestKind {
        is_head: method == "HEAD",
        is_connect: method == "CONNECT",
        upgrades: has_word(request.headers, "connection", "upgrade"),
        closes: has_word(request.headers, "connection", "close")
            || is_old && !has_word(request.headers, "connection", "keep-alive"),
        expects_continue: !is_old && has_word(request.headers, "expect", "100-continue"),
        is_old,
    };
    let body = match framing {
        Framing {
            is_chunked: true, ..
        } => Body::chunked(),
        Framing { length, .. } => Body::of_length(length.unwrap_or_default()),
    };
    Ok(Some(RequestHead {
        length,
        name: name_of(method, path),
        kind,
        body,
    }))
}

/// Reads the head of a reply to such a request, if all of it is there.
pub(super) fn read_reply(
    bytes: &[u8],
    request: RequestKind,
) -> Result<Option<ReplyHead>, Violation> {
    let mut headers = [EMPTY_HEADER; MOST_HEADERS];
    let mut reply = httparse::Response::new(&mut headers);
    let length = match reply.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(error) => return Err(Violation(format!("not a reply: {error}"))),
    };
    let status = reply.code.unwrap_or_default();
    let has_no_body = request.is_head || matches!(status, 100..=199 | 204 | 304);
    let framing = Framing::read(reply.headers)?;
    let body = match framing {
        _ if has_no_body => Body::of_length(0),
        Framing {
            is_chunked: true, ..
        } => Body::chunked(),
        Framing { is_coded: true, .. } => Body::UntilEnd,
        Framing {
            length: Some(length),
            ..
        } => Body::of_length(length),
        Framing { length: None, .. } => Body::UntilEnd,
    };
    Ok(Some(ReplyHead {
        length,
        status,
        body,
    }))
}

/// What headers tell of the length of a body.
struct Framing {
    length: Option<u64>,
    /// There is a transfer coding.
    is_coded: bool,
    /// It is chunks, over all others.
    is_chunked: bool,
}

impl Framing {
    fn read(headers: &[Header<'_>]) -> Result<Self, Violation> {
        let mut framing = Self {
            length: None,
            is_coded: false,
            is_chunked: false,
        };
        for header in headers {
            if header.name.eq_ignore_ascii_case("content-length") {
                let length = length_of(header.value)?;
                if framing.length.is_some_and(|other| other != length) {
                    return Err(Violation(
                        "two different values of Content-Length".to_owned(),
                    ));
                }
                framing.length = Some(length);
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                framing.is_coded = true;
                let last = header.value.rsplit(|byte| *byte == b',').next();
                let last = last.unwrap_or_default().trim_ascii();
                framing.is_chunked = last.eq_ignore_ascii_case(b"chunked");
            }
        }
        Ok(framing)
    }
}

fn length_of(value: &[u8]) -> Result<u64, Violation> {
    let digits = value.trim_ascii();
    let text = std::str::from_utf8(digits).unwrap_or_default();
    // A number with a sign is one for `parse`, and none here.
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    let length = text.parse().ok().filter(|_| is_number);
    length.ok_or_else(|| Violation("a value of Content-Length that is no length".to_owned()))
}

/// Returns whether a header is a list with this word in it.
fn has_word(headers: &[Header<'_>], name: &str, word: &str) -> bool {
    let values = headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name));
    let mut words = values.flat_map(|header| header.value.split(|byte| *byte == b','));
    words.any(|found| found.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}

/// Returns the name of a request: its method and its path, without the query.
fn name_of(method: &str, path: &str) -> String {
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let name = format!("{method} {path}");
    let is_fit = |at: &(usize, char)| at.0 + at.1.len_utf8() <= LONGEST_NAME;
    let fitting = name.char_indices().take_while(is_fit);
    fitting
        .map(|(_, letter)| if letter.is_control() { '?' } else { letter })
        .collect()
}
