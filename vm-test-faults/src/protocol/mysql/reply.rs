//! Replies of the server: which packet is the last one. It looks at the first bytes of each packet,
//! and counts definitions of columns; rows are not read.

use super::capabilities::Capabilities;
use super::packet::FULL;

/// How many bytes of a packet's payload are looked at: an `OK` up to its status.
pub(super) const HEAD: usize = 24;

const OK: u8 = 0x00;
const WANTS_FILE: u8 = 0xfb;
const EOF: u8 = 0xfe;
const ERR: u8 = 0xff;

/// The number in an `ERR` that is none, but a report of how far MariaDB has got.
const PROGRESS: [u8; 2] = [0xff, 0xff];

/// Another result follows.
const MORE_RESULTS: u16 = 1 << 3;
/// The rows are not here: they will be fetched through a cursor.
const CURSOR: u16 = 1 << 6;

/// What a reply looks like. The numbers are what a request keeps of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// One packet.
    Single,
    /// `OK`, `ERR`, the wish for a file, or columns and rows; and again, if more results follow.
    Result,
    /// Definitions of columns.
    FieldList,
    /// A prepared statement with its parameters and columns.
    Prepared,
    /// Rows of a cursor.
    Fetched,
    /// Whatever the server says until the client is logged in.
    Login,
}

impl Kind {
    /// Returns the kind with this number.
    pub(super) fn from_number(number: u8) -> Self {
        let all = [
            Self::Single,
            Self::Result,
            Self::FieldList,
            Self::Prepared,
            Self::Fetched,
            Self::Login,
        ];
        let found = all.into_iter().find(|kind| *kind as u8 == number);
        found.unwrap_or(Self::Single)
    }
}

/// What follows a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// More of the reply.
    More,
    /// The reply ends.
    Ends,
    /// More of the reply, after packets of the client that belong to a login.
    Authenticating,
    /// The reply ends, and with it the login.
    Authenticated,
    /// The reply ends, and the client sends a file.
    WantsFile,
}

/// A reply of which a part has been read.
#[derive(Debug)]
pub(super) struct Reply {
    capabilities: Capabilities,
    awaited: Awaited,
}

#[derive(Clone, Copy, Debug)]
enum Awaited {
    First(Kind),
    Definitions { left: u64, behind: Behind },
    EndOfDefinitions(Behind),
    Rows,
}

/// What stands behind definitions.
#[derive(Clone, Copy, Debug)]
enum Behind {
    Nothing,
    Rows,
    Columns(u64),
}

impl Reply {
    pub(super) fn new(kind: Kind, capabilities: Capabilities) -> Self {
        Self {
            capabilities,
            awaited: Awaited::First(kind),
        }
    }

    /// Reads the beginning of the first packet of a message.
    pub(super) fn packet(&mut self, length: usize, head: &[u8]) -> Next {
        let first = head.first().copied().unwrap_or(1);
        if first == ERR {
            return if head.get(1..3) == Some(&PROGRESS) {
                Next::More
            } else if matches!(self.awaited, Awaited::First(Kind::Login)) {
                Next::Authenticated
            } else {
                Next::Ends
            };
        }
        // A row can begin with the same byte; then it has 16 MiB and fills its packet.
        let is_eof = first == EOF && length < FULL;
        match self.awaited {
            Awaited::First(Kind::Single) => Next::Ends,
            Awaited::First(Kind::Login) if first == OK => Next::Authenticated,
            Awaited::First(Kind::Login) => Next::Authenticating,
            Awaited::First(Kind::FieldList | Kind::Fetched) if is_eof => Next::Ends,
            Awaited::First(Kind::FieldList | Kind::Fetched) => Next::More,
            Awaited::First(Kind::Prepared) if first == OK => self.prepared(head),
            Awaited::First(Kind::Prepared) => Next::Ends,
            Awaited::First(Kind::Result) => self.result(length, head),
            Awaited::Definitions { left, behind } => {
                self.definitions(left.saturating_sub(1), behind)
            }
            Awaited::EndOfDefinitions(Behind::Rows) if status_of_eof(head) & CURSOR != 0 => {
                self.behind_result(status_of_eof(head))
            }
            Awaited::EndOfDefinitions(behind) => self.behind_definitions(behind),
            Awaited::Rows if is_eof && self.capabilities.has_no_eof() => {
                self.behind_result(status_of_ok(head))
            }
            Awaited::Rows if is_eof => self.behind_result(status_of_eof(head)),
            Awaited::Rows => Next::More,
        }
    }

    fn result(&mut self, length: usize, head: &[u8]) -> Next {
        match head.first() {
            None => Next::Ends,
            Some(&OK) => self.behind_result(status_of_ok(head)),
            Some(&WANTS_FILE) => Next::WantsFile,
            Some(&EOF) if length < 9 => self.behind_result(status_of_eof(head)),
            Some(_) => {
                let (columns, rest) = number(head);
                let says = self.capabilities.says_whether_definitions_follow();
                if says && rest.first() == Some(&0) {
                    self.definitions(0, Behind::Rows)
                } else {
                    self.awaited = Awaited::Definitions {
                        left: columns,
                        behind: Behind::Rows,
                    };
                    Next::More
                }
            }
        }
    }

    fn prepared(&mut self, head: &[u8]) -> Next {
        let count = |at: usize| {
            let bytes = head.get(at..at + 2).unwrap_or(&[0, 0]);
            u64::from(bytes[0]) | u64::from(bytes[1]) << 8
        };
        let (columns, parameters) = (count(5), count(7));
        if parameters > 0 {
            self.awaited = Awaited::Definitions {
                left: parameters,
                behind: Behind::Columns(columns),
            };
            return Next::More;
        }
        self.behind_definitions(Behind::Columns(columns))
    }

    fn definitions(&mut self, left: u64, behind: Behind) -> Next {
        if left > 0 {
            self.awaited = Awaited::Definitions { left, behind };
            return Next::More;
        }
        if self.capabilities.has_no_eof() {
            return self.behind_definitions(behind);
        }
        self.awaited = Awaited::EndOfDefinitions(behind);
        Next::More
    }

    fn behind_definitions(&mut self, behind: Behind) -> Next {
        match behind {
            Behind::Nothing | Behind::Columns(0) => return Next::Ends,
            Behind::Rows => self.awaited = Awaited::Rows,
            Behind::Columns(left) => {
                let behind = Behind::Nothing;
                self.awaited = Awaited::Definitions { left, behind };
            }
        }
        Next::More
    }

    fn behind_result(&mut self, status: u16) -> Next {
        if status & MORE_RESULTS == 0 {
            return Next::Ends;
        }
        self.awaited = Awaited::First(Kind::Result);
        Next::More
    }
}

/// Returns the number of variable length at the front, and what is behind it.
fn number(bytes: &[u8]) -> (u64, &[u8]) {
    let (length, bytes) = match bytes {
        [0xfc, rest @ ..] => (2, rest),
        [0xfd, rest @ ..] => (3, rest),
        [0xfe, rest @ ..] => (8, rest),
        [one, rest @ ..] => return (u64::from(*one), rest),
        [] => return (0, bytes),
    };
    let (digits, rest) = bytes.split_at(length.min(bytes.len()));
    let digits = digits.iter().rev();
    (
        digits.fold(0, |sum, digit| sum << 8 | u64::from(*digit)),
        rest,
    )
}

/// Returns the status in an `OK`: behind the numbers of rows and of the last row inserted.
fn status_of_ok(head: &[u8]) -> u16 {
    let (_, rest) = number(head.get(1..).unwrap_or_default());
    let (_, rest) = number(rest);
    short(rest)
}

/// Returns the status in an `EOF`: behind the number of warnings.
fn status_of_eof(head: &[u8]) -> u16 {
    short(head.get(3..).unwrap_or_default())
}

fn short(bytes: &[u8]) -> u16 {
    match bytes {
        [low, high, ..] => u16::from_le_bytes([*low, *high]),
        _ => 0,
    }
}
