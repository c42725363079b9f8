//! Where a reply of the text protocol ends. Follows data without holding them.

use memchr::memchr;

use super::expected::Expected;
use super::meta;
use crate::protocol::Violation;

/// The lines that say how long something is are shorter than this.
const LONGEST_LINE: usize = 4096;

/// The first words of lines behind which others follow.
const FOLLOWED: &[&[u8]] = &[b"STAT ", b"ITEM ", b"PREFIX ", b"key=", b"mg "];

/// Reads replies, one after the other.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    place: Place,
    /// Whether something of the current reply has passed.
    has_begun: bool,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    #[default]
    Line,
    /// A line that is too long to be looked at, and whether the reply ends with it.
    LongLine { is_last: bool },
    /// Data with so many bytes left, and whether the reply ends with them.
    Data { left: u64, is_last: bool },
}

/// What a line means.
enum Meaning {
    Last,
    Followed,
    Data { length: u64, is_last: bool },
}

/// What the bytes at the front are.
pub(super) enum Found {
    /// So many of them belong to the reply, and it may end with them.
    Part(usize, bool),
    /// The quiet command got no reply.
    Unanswered,
}

impl ReplyReader {
    /// Follows a reply up to its end at most.
    pub(super) fn read(
        &mut self,
        expected: Option<Expected>,
        is_quiet: bool,
        bytes: &[u8],
    ) -> Result<Found, Violation> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let is_last = match self.place {
                Place::Data { left, is_last } => {
                    let length =
                        usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                    at += length;
                    let left = left - length as u64;
                    self.place = Place::Data { left, is_last };
                    if left > 0 {
                        break;
                    }
                    is_last
                }
                Place::LongLine { is_last } => {
                    let Some(end) = memchr(b'\n', rest) else {
                        at = bytes.len();
                        break;
                    };
                    at += end + 1;
                    is_last
                }
                Place::Line => {
                    let near = &rest[..rest.len().min(LONGEST_LINE)];
                    let end = memchr(b'\n', near);
                    if end.is_none() && near.len() < LONGEST_LINE {
                        break;
                    }
                    let line = &near[..end.unwrap_or(LONGEST_LINE)];
                    let line = line.strip_suffix(b"\r").unwrap_or(line);
                    if is_quiet && !self.has_begun && !is_of(expected, line) {
                        return Ok(Found::Unanswered);
                    }
                    at += end.map_or(LONGEST_LINE, |end| end + 1);
                    self.has_begun = true;
                    let is_last = match meaning(expected, line)? {
                        Meaning::Last => true,
                        Meaning::Followed => false,
                        Meaning::Data { length, is_last } if end.is_some() => {
                            self.place = Place::Data {
                                left: length,
                                is_last,
                            };
                            continue;
                        }
                        Meaning::Data { .. } => {
                            return Err(Violation(format!(
                                "a line before data is longer than {LONGEST_LINE} bytes"
                            )));
                        }
                    };
                    if end.is_none() {
                        self.place = Place::LongLine { is_last };
                        continue;
                    }
                    is_last
                }
            };
            self.place = Place::Line;
            if is_last {
                self.has_begun = false;
                return Ok(Found::Part(at, true));
            }
        }
        Ok(Found::Part(at, false))
    }
}

/// Returns whether the reply to a quiet command may begin with this line.
fn is_of(expected: Option<Expected>, line: &[u8]) -> bool {
    match expected {
        Some(Expected::Meta(mark)) => meta::may_be_answered(mark, line),
        _ => true,
    }
}

fn meaning(expected: Option<Expected>, line: &[u8]) -> Result<Meaning, Violation> {
    Ok(match expected {
        Some(Expected::Values) if line.starts_with(b"VALUE ") => Meaning::Data {
            length: data(line, 3)?,
            is_last: false,
        },
        Some(Expected::Meta(mark)) if line.starts_with(b"VA ") => Meaning::Data {
            length: data(line, 1)?,
            // Before an `MN`, it is the reply to a quiet command that nobody waited for any longer.
            is_last: mark.letter != b'n',
        },
        Some(Expected::Meta(mark)) if mark.letter == b'n' && !is_end_of_quiet(line) => {
            Meaning::Followed
        }
        Some(Expected::Lines) if FOLLOWED.iter().any(|begin| line.starts_with(begin)) => {
            Meaning::Followed
        }
        _ => Meaning::Last,
    })
}

/// Returns whether `mn` is answered with this line.
fn is_end_of_quiet(line: &[u8]) -> bool {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    !matches!(word, b"HD" | b"NS" | b"EX" | b"NF" | b"EN")
}

/// Returns the length of the data behind a line, with their line end.
fn data(line: &[u8], word: usize) -> Result<u64, Violation> {
    let length = line.split(|byte| *byte == b' ').nth(word);
    let length = length.and_then(|length| std::str::from_utf8(length).ok()?.parse::<u32>().ok());
    length.map(|length| u64::from(length) + 2).ok_or_else(|| {
        let line = String::from_utf8_lossy(&line[..line.len().min(100)]);
        Violation(format!("{line:?} does not say how long its data are"))
    })
}
