//! One connection from its greeting to its login, and what is known of it later. Commands and
//! replies are not read here.

use std::collections::VecDeque;

use bytes::Bytes;

use super::capabilities::Capabilities;
use super::detail::Detail;
use super::fault::Error;
use super::login::{ANSWER_HEAD, Greeting, LONGEST_GREETING, answer};
use super::packet::{HEADER, Header, Position, front};
use super::reply::{Kind, Next, Reply};
use crate::protocol::{Answers, Instead, Request, Step, Taken, Tls, Violation};

/// What a client that asks for TLS is told, with the number and state of a general error.
const NO_TLS: (u16, [u8; 5], &str) = (
    1105,
    *b"HY000",
    "This proxy does not carry TLS: connect without it, or have the proxy pass TLS through",
);

/// The state of one connection.
pub(super) struct Connection {
    pub(super) tls: Tls,
    pub(super) phase: Phase,
    /// What client and server agreed on; what the server is known to offer before that.
    pub(super) capabilities: Capabilities,
    /// Whether the client is sending a file.
    pub(super) file: File,
    pub(super) client: Position,
    pub(super) server: Position,
    pub(super) reply: Option<(Reply, Next)>,
    /// How many requests there have been; a request keeps its number.
    pub(super) requests: u64,
    /// The requests in whose place the server got a `ROLLBACK`.
    pub(super) stand_ins: VecDeque<u64>,
}

/// How far the login has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The server has not greeted yet.
    Silence,
    /// The client has not answered the greeting yet.
    Greeted,
    /// Client and server speak about passwords.
    Login,
    /// Commands and replies.
    Commands,
    /// The client was told that there is no TLS.
    Refused,
}

/// Where a client is that sends a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum File {
    None,
    Wanted,
    Coming,
}

impl Connection {
    pub(super) fn new(tls: Tls) -> Self {
        Self {
            tls,
            phase: Phase::Silence,
            capabilities: Capabilities::default(),
            file: File::None,
            client: Position::default(),
            server: Position::default(),
            reply: None,
            requests: 0,
            stand_ins: VecDeque::new(),
        }
    }

    /// Returns a request that nobody but the two ends can answer.
    pub(super) fn closed(&mut self, name: &str, answers: Answers, kind: Kind) -> Request {
        self.requests += 1;
        let detail = Detail {
            number: self.requests,
            kind,
            sequence: 0,
            is_long: false,
            is_greeting: false,
        };
        Request {
            name: name.to_owned(),
            answers,
            is_open_to_faults: false,
            instead: None,
            detail: detail.pack(),
        }
    }

    /// Takes the first part of a request: its first packet as far as its beginning was looked at.
    pub(super) fn begin(
        &mut self,
        bytes: &[u8],
        header: Header,
        head: &[u8],
        request: Request,
    ) -> Step {
        self.client.enter(header.length);
        let end = HEADER + head.len();
        let (length, ends) = self.client.pass(&bytes[HEADER..end]);
        Step::Taken(Taken {
            length: HEADER + length,
            begins: Some(request),
            ends,
        })
    }

    /// Reads the server's greeting, and takes from it what is not carried.
    pub(super) fn greeting_of_server(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let Some(header) = Header::read(bytes) else {
            return Ok(Step::More);
        };
        let length = HEADER + header.length;
        if length > LONGEST_GREETING {
            let reason =
                format!("the server's greeting has {length} bytes, {LONGEST_GREETING} are allowed");
            return Err(Violation(reason));
        }
        let Some(packet) = bytes.get(..length) else {
            return Ok(Step::More);
        };
        let taken = Taken {
            length,
            begins: None,
            ends: true,
        };
        match Greeting::read(packet) {
            Greeting::Refusal => Ok(Step::Taken(taken)),
            Greeting::Unknown => Ok(Step::Opaque),
            Greeting::Offer(offer) => {
                let with_tls = self.tls == Tls::PassedThrough;
                self.capabilities = offer.capabilities.offered(with_tls);
                self.phase = Phase::Greeted;
                if self.capabilities == offer.capabilities {
                    return Ok(Step::Taken(taken));
                }
                let mut packet = packet.to_vec();
                offer.write(&mut packet, self.capabilities);
                Ok(Step::Rewritten(taken, packet.into()))
            }
        }
    }

    /// Reads the client's answer to the greeting.
    pub(super) fn login(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let Some((header, head)) = front(bytes, ANSWER_HEAD) else {
            return Ok(Step::More);
        };
        let Some(wanted) = answer(header, head) else {
            let reason = "the client does not answer the server's greeting";
            return Err(Violation(reason.to_owned()));
        };
        if wanted.asks_for_tls() && self.tls == Tls::PassedThrough || !wanted.is_current() {
            return Ok(Step::Opaque);
        }
        if wanted.asks_for_tls() {
            self.phase = Phase::Refused;
            let (number, state, text) = NO_TLS;
            let error = Error::new(number, state, text).packet(header.sequence.wrapping_add(1));
            let mut request = self.closed("SSLRequest", Answers::One, Kind::Single);
            request.instead = Some(Instead {
                to_server: Bytes::new(),
                to_client: error.into(),
            });
            return Ok(self.begin(bytes, header, head, request));
        }
        if wanted.is_beyond_what_is_carried() {
            let reason = "the client insists on compression, or on results without metadata, \
                          which it was not offered";
            return Err(Violation(reason.to_owned()));
        }
        self.capabilities = self.capabilities.and(wanted);
        self.phase = Phase::Login;
        let request = self.closed("login", Answers::One, Kind::Login);
        Ok(self.begin(bytes, header, head, request))
    }
}
