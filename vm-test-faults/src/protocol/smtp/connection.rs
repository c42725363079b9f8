//! What the client's bytes are, from one request to the next. Of the bytes themselves nothing is
//! kept.

use bytes::Bytes;

use super::command::Command;
use super::content::Content;
use super::detail::{Detail, Kind};
use super::fault::Error;
use super::line::Line;
use super::listing;
use crate::protocol::{Answers, Instead, Request, Step, Taken, Tls, Violation};

/// How much of a command line is looked at.
const LONGEST_HEAD: usize = 4 * 1024;

/// What a client that asks for TLS is told; the server's extensions did not offer it.
const NO_TLS: &[u8] = b"502 5.5.1 This proxy does not carry STARTTLS: have it pass TLS through\r\n";

/// The state of one connection.
pub(super) struct Connection {
    pub(super) tls: Tls,
    pub(super) client: Client,
    pub(super) line: Line,
    pub(super) has_greeted: bool,
    /// How many requests there have been; a request keeps its number.
    pub(super) requests: u64,
}

/// What the client's next bytes are.
#[derive(Clone, Debug)]
pub(super) enum Client {
    /// A command line.
    Command,
    /// The rest of a line, and what is behind it.
    Line(Box<Client>),
    /// That depends on the reply to the request with this number.
    Waiting(u64),
    /// A line within `AUTH`.
    Authentication,
    /// So many bytes of a message, behind `BDAT`.
    Chunk(u64),
    /// A message, or more of it.
    Content {
        content: Content,
        has_begun: bool,
        instead: Option<Error>,
    },
    /// Nothing: the client was told that the connection is being closed.
    Closed,
}

impl Connection {
    pub(super) fn new(tls: Tls) -> Self {
        Self {
            tls,
            client: Client::Command,
            line: Line::default(),
            has_greeted: false,
            requests: 0,
        }
    }

    fn new_request(&mut self, name: &str, kind: Kind) -> Request {
        self.requests += 1;
        let number = self.requests;
        Request {
            name: name.to_owned(),
            answers: Answers::One,
            is_open_to_faults: true,
            instead: None,
            detail: Detail { kind, number }.pack(),
        }
    }

    /// Takes a command line, or the beginning of a long one.
    pub(super) fn command(&mut self, bytes: &[u8]) -> Step {
        let newline = bytes.iter().take(LONGEST_HEAD).position(|it| *it == b'\n');
        if newline.is_none() && bytes.len() < LONGEST_HEAD {
            return Step::More;
        }
        let length = newline.map_or(LONGEST_HEAD, |newline| newline + 1);
        let line = &bytes[..length];
        let (mut request, behind) = if matches!(self.client, Client::Authentication) {
            let mut request = self.new_request("AUTH", Kind::Authentication);
            request.is_open_to_faults = false;
            (request, None)
        } else {
            let Command { kind, chunk, name } = Command::read(line);
            (
                self.new_request(&name, kind),
                (chunk > 0).then_some(Client::Chunk(chunk)),
            )
        };
        let Detail { kind, number } = Detail::unpack(request.detail);
        let ends = newline.is_some() && behind.is_none();
        let behind = match kind {
            Kind::Tls if self.tls == Tls::Refused => {
                request.is_open_to_faults = false;
                request.instead = Some(Instead {
                    to_server: Bytes::new(),
                    to_client: Bytes::from_static(NO_TLS),
                });
                Client::Command
            }
            Kind::Data | Kind::Authentication | Kind::Tls => Client::Waiting(number),
            _ => behind.unwrap_or(Client::Command),
        };
        self.client = match newline {
            Some(_) => behind,
            None => Client::Line(Box::new(behind)),
        };
        Step::Taken(Taken {
            length,
            begins: Some(request),
            ends,
        })
    }

    /// Takes the rest of a long line.
    pub(super) fn line(&mut self, bytes: &[u8], behind: Client) -> Step {
        let newline = bytes.iter().position(|byte| *byte == b'\n');
        let ends = newline.is_some() && !matches!(behind, Client::Chunk(_));
        self.client = match newline {
            Some(_) => behind,
            None => Client::Line(Box::new(behind)),
        };
        Step::Taken(Taken {
            length: newline.map_or(bytes.len(), |newline| newline + 1),
            begins: None,
            ends,
        })
    }

    /// Takes bytes of a message behind `BDAT`.
    pub(super) fn chunk(&mut self, bytes: &[u8], left: u64) -> Step {
        let length = usize::try_from(left).unwrap_or(usize::MAX).min(bytes.len());
        let left = left - length as u64;
        self.client = match left {
            0 => Client::Command,
            left => Client::Chunk(left),
        };
        Step::Taken(Taken {
            length,
            begins: None,
            ends: left == 0,
        })
    }

    /// Takes bytes of a message behind `DATA`.
    pub(super) fn content(
        &mut self,
        bytes: &[u8],
        mut content: Content,
        has_begun: bool,
        instead: Option<Error>,
    ) -> Step {
        // The first part does not depend on how much has arrived.
        let part = if has_begun { bytes } else { &bytes[..1] };
        let (length, ends) = content.pass(part);
        let begins = (!has_begun).then(|| {
            let mut request = self.new_request("MESSAGE", Kind::Message);
            if let Some(error) = &instead {
                request.is_open_to_faults = false;
                request.instead = Some(Instead {
                    to_server: Bytes::new(),
                    to_client: error.reply().into(),
                });
            }
            request
        });
        let closes = instead.as_ref().is_some_and(Error::closes);
        self.client = match (ends, closes) {
            (true, true) => Client::Closed,
            (true, false) => Client::Command,
            (false, _) => Client::Content {
                content,
                has_begun: true,
                instead,
            },
        };
        Step::Taken(Taken {
            length,
            begins,
            ends,
        })
    }

    /// Reads a list of extensions, and takes TLS out of it.
    pub(super) fn extensions(&mut self, bytes: &[u8]) -> Result<Step, Violation> {
        let list = &bytes[..bytes.len().min(listing::LONGEST)];
        let Some(length) = listing::length(list) else {
            if bytes.len() >= listing::LONGEST {
                let reason = "the server's list of extensions has 64 KiB or more";
                return Err(Violation(reason.to_owned()));
            }
            return Ok(Step::More);
        };
        let taken = Taken {
            length,
            begins: None,
            ends: true,
        };
        Ok(match listing::without_tls(&bytes[..length]) {
            Some(list) => Step::Rewritten(taken, list.into()),
            None => Step::Taken(taken),
        })
    }

    /// Notes what a reply that begins with this digit means for what the client may send.
    pub(super) fn note(&mut self, detail: Detail, first_digit: u8) -> Option<Step> {
        if !matches!(self.client, Client::Waiting(number) if number == detail.number) {
            return None;
        }
        self.client = match (detail.kind, first_digit) {
            (Kind::Tls, b'2') => return Some(Step::Opaque),
            (Kind::Authentication, b'3') => Client::Authentication,
            (Kind::Data, b'3') => Client::Content {
                content: Content::new(),
                has_begun: false,
                instead: None,
            },
            _ => Client::Command,
        };
        None
    }

    /// Says what follows the request that is being read.
    pub(super) fn go_on_with(&mut self, next: Client) {
        self.client = match self.client {
            Client::Line(_) => Client::Line(Box::new(next)),
            _ => next,
        };
    }
}
