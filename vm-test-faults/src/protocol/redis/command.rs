//! Where a command of redis begins and ends: an array of texts, or a line. Follows long ones
//! without holding them; knows no command's meaning.

use memchr::memchr;

use super::inline::{Words, split};
use super::number::number_line;
use crate::protocol::Violation;

/// The first part of a command is at most so long, whatever has arrived of it, so that equal
/// commands have equal first parts.
const FIRST_PART: usize = 1024;

/// Redis' own limit for the number of words.
const MOST_WORDS: i64 = 0x7fff_ffff;

/// Redis' own limit for a line.
const LONGEST_LINE: usize = 64 * 1024;

/// So much of a first word is read before it is passed on.
const LONGEST_NAME: usize = 128;

/// Reads commands, one after the other.
#[derive(Debug, Default)]
pub(super) struct CommandReader {
    place: Place,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// The beginning of a command.
    #[default]
    Start,
    /// The length of one of the words that are left.
    Length { words: u64 },
    /// A word and its line end, of which so many bytes are left, and other words behind it.
    Word { bytes: u64, words: u64 },
}

/// What the first part of a command tells.
pub(super) struct First<'a> {
    pub(super) words: Words<'a>,
    pub(super) length: usize,
    pub(super) ends: bool,
}

impl CommandReader {
    /// Returns whether a command has begun and not ended.
    pub(super) fn is_inside(&self) -> bool {
        !matches!(self.place, Place::Start)
    }

    /// Reads the first part of a command; returns nothing if it has not arrived.
    pub(super) fn first<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<First<'a>>, Violation> {
        if bytes[0] == b'*' {
            self.array(bytes)
        } else {
            line(bytes)
        }
    }

    /// Follows a command that has begun. Returns how many bytes it took, and whether it has ended.
    pub(super) fn rest(&mut self, bytes: &[u8]) -> Result<(usize, bool), Violation> {
        let mut at = 0;
        loop {
            let rest = &bytes[at..];
            match self.place {
                Place::Start => return Ok((at, true)),
                Place::Length { words: 0 } => self.place = Place::Start,
                Place::Length { words } => match text_length(rest)? {
                    Some((bytes, header)) => {
                        at += header;
                        self.place = Place::Word {
                            bytes: bytes + 2,
                            words: words - 1,
                        };
                    }
                    None => return Ok((at, false)),
                },
                Place::Word { bytes: 0, words } => self.place = Place::Length { words },
                Place::Word { bytes, words } if !rest.is_empty() => {
                    let length = usize::try_from(bytes).unwrap_or(usize::MAX).min(rest.len());
                    let left = bytes - length as u64;
                    check_line_end(&rest[..length], bytes)?;
                    at += length;
                    self.place = Place::Word { bytes: left, words };
                }
                Place::Word { .. } => return Ok((at, false)),
            }
        }
    }

    fn array<'a>(&mut self, bytes: &'a [u8]) -> Result<Option<First<'a>>, Violation> {
        let Some((count, mut at)) = number_line(bytes)? else {
            return Ok(None);
        };
        if count > MOST_WORDS {
            return Err(Violation(format!(
                "a command says that it has {count} words"
            )));
        }
        // Redis reads over a command without words.
        let count = u64::try_from(count).unwrap_or(0);
        let mut words = Words::default();
        let mut left = count;
        self.place = Place::Start;
        while left > 0 {
            let Some((length, header)) = text_length(&bytes[at..])? else {
                return Ok(None);
            };
            let text = at + header;
            let whole = usize::try_from(length)
                .ok()
                .and_then(|length| (text + 2).checked_add(length));
            let is_first = left == count;
            match whole.filter(|end| *end <= FIRST_PART) {
                Some(end) => {
                    let Some(word) = bytes.get(text..end) else {
                        return Ok(None);
                    };
                    check_line_end(word, word.len() as u64)?;
                    words.push(&word[..word.len() - 2]);
                    at = end;
                    left -= 1;
                }
                None if is_first => {
                    let Some(name) = bytes.get(text..text + LONGEST_NAME) else {
                        return Ok(None);
                    };
                    words.push(name);
                    at = text + LONGEST_NAME;
                    self.place = Place::Word {
                        bytes: length - LONGEST_NAME as u64 + 2,
                        words: left - 1,
                    };
                    break;
                }
                None => {
                    self.place = Place::Length { words: left };
                    break;
                }
            }
        }
        words.count = count;
        Ok(Some(First {
            words,
            length: at,
            ends: !self.is_inside(),
        }))
    }
}

/// Reads an inline command.
fn line(bytes: &[u8]) -> Result<Option<First<'_>>, Violation> {
    if bytes.starts_with(&[0x16, 0x03]) {
        return Err(Violation(
            "the client speaks TLS, which the proxy cannot read\nhint: use a connection without \
             TLS, or protocol `tcp`"
                .to_owned(),
        ));
    }
    let near = &bytes[..bytes.len().min(LONGEST_LINE)];
    let Some(end) = memchr(b'\n', near) else {
        return if near.len() == LONGEST_LINE {
            Err(Violation(format!(
                "an inline command is longer than {LONGEST_LINE} bytes"
            )))
        } else {
            Ok(None)
        };
    };
    Ok(Some(First {
        words: split(&near[..end]),
        length: end + 1,
        ends: true,
    }))
}

/// Returns the length of a word, and how long the line is that says it.
fn text_length(bytes: &[u8]) -> Result<Option<(u64, usize)>, Violation> {
    match bytes.first() {
        None => return Ok(None),
        Some(b'$') => {}
        Some(other) => {
            return Err(Violation(format!(
                "a word of a command begins with the byte {other:#04x} instead of `$`"
            )));
        }
    }
    let Some((length, header)) = number_line(bytes)? else {
        return Ok(None);
    };
    match u64::try_from(length) {
        Ok(length) => Ok(Some((length, header))),
        Err(_) => Err(Violation(format!(
            "a word of a command says that it has {length} bytes"
        ))),
    }
}

/// Checks as much of a word's line end as is in `bytes`, which begin where `left` bytes are left.
fn check_line_end(bytes: &[u8], left: u64) -> Result<(), Violation> {
    let place = |from_end: u64| {
        let index = usize::try_from(left.checked_sub(from_end)?).ok()?;
        bytes.get(index)
    };
    if place(2).is_some_and(|byte| *byte != b'\r') || place(1).is_some_and(|byte| *byte != b'\n') {
        return Err(Violation(
            "a word of a command is longer than it says".to_owned(),
        ));
    }
    Ok(())
}
