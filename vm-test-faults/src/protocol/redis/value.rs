//! Where a value of RESP begins and ends. Follows the bytes as they come and holds none, however
//! long or deep the value is; keeps only what tells one kind of reply from another.

use memchr::memchr;

use super::number::{number_line, parse};
use crate::protocol::Violation;

/// How deep arrays may be nested. Redis itself hardly needs ten.
const DEEPEST: usize = 1024;

/// Reads values, one after the other.
#[derive(Debug, Default)]
pub(super) struct ValueReader {
    place: Place,
    levels: Vec<Level>,
    seen: Seen,
}

/// What was seen of a value that has ended.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Seen {
    /// The byte that stands for its type.
    pub(super) kind: u8,
    /// The beginning of its text, if it is a line.
    pub(super) line: Short,
    /// The beginning of its first element, if that is a text.
    pub(super) word: Short,
    /// Its third element, if that is a number.
    number: Short,
}

/// The first bytes of something.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Short {
    bytes: [u8; 24],
    length: usize,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// The type of an element.
    #[default]
    Type,
    /// A line, whose last byte so far may have been `\r`.
    Line { is_number: bool, has_return: bool },
    /// A text with so many bytes left.
    Text(u64),
    /// The line end behind a text.
    End { has_return: bool },
}

/// An array, map, set or the like that has not ended.
#[derive(Debug)]
struct Level {
    left: u64,
    index: u64,
    is_attribute: bool,
}

impl Short {
    fn push(&mut self, bytes: &[u8]) {
        let room = self.bytes.len() - self.length;
        let bytes = &bytes[..bytes.len().min(room)];
        self.bytes[self.length..self.length + bytes.len()].copy_from_slice(bytes);
        self.length += bytes.len();
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

impl Seen {
    /// Returns the third element, if it is a number that is not negative.
    pub(super) fn count(&self) -> Option<u64> {
        parse(self.number.as_bytes()).and_then(|number| u64::try_from(number).ok())
    }
}

impl ValueReader {
    /// Returns what was seen of the last value.
    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// Follows `bytes` up to the end of the value at most.
    ///
    /// Returns how many bytes it took, and whether the value has ended.
    pub(super) fn read(&mut self, bytes: &[u8]) -> Result<(usize, bool), Violation> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some((length, has_ended)) = self.step(rest)? else {
                break;
            };
            at += length;
            if has_ended {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    /// Follows the next piece; returns nothing if it needs more bytes.
    fn step(&mut self, rest: &[u8]) -> Result<Option<(usize, bool)>, Violation> {
        match self.place {
            Place::Type => self.element(rest),
            Place::Line {
                is_number,
                has_return,
            } => {
                let end = memchr(b'\n', rest);
                let text = &rest[..end.unwrap_or(rest.len())];
                // A return that text follows was not the line's end.
                let was_text = has_return && !text.is_empty();
                let has_return = text.last().map_or(has_return, |last| *last == b'\r');
                let kept = text.strip_suffix(b"\r").unwrap_or(text);
                if let Some(slot) = self.slot(is_number) {
                    if was_text {
                        slot.push(b"\r");
                    }
                    slot.push(kept);
                }
                if end.is_some() && !has_return {
                    return Err(Violation("a line of a reply ends without \\r".to_owned()));
                }
                self.place = Place::Line {
                    is_number,
                    has_return,
                };
                let has_ended = end.is_some() && self.element_ended();
                Ok(Some((end.map_or(rest.len(), |end| end + 1), has_ended)))
            }
            Place::Text(left) => {
                let length = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                if let Some(slot) = self.slot(false) {
                    slot.push(&rest[..length]);
                }
                let left = left - length as u64;
                self.place = if left == 0 {
                    Place::End { has_return: false }
                } else {
                    Place::Text(left)
                };
                Ok(Some((length, false)))
            }
            Place::End { has_return } => {
                let wanted = if has_return { b'\n' } else { b'\r' };
                if rest[0] != wanted {
                    return Err(Violation(
                        "a text in a reply is longer than it says".to_owned(),
                    ));
                }
                self.place = Place::End { has_return: true };
                Ok(Some((1, has_return && self.element_ended())))
            }
        }
    }

    /// Reads the type of an element, and its length or count.
    fn element(&mut self, rest: &[u8]) -> Result<Option<(usize, bool)>, Violation> {
        let kind = rest[0];
        let (length, count) = match kind {
            b'+' | b'-' | b':' | b',' | b'#' | b'(' | b'_' => (1, 0),
            b'$' | b'!' | b'=' | b'*' | b'~' | b'>' | b'%' | b'|' => match number_line(rest)? {
                Some((count, length)) => (length, count),
                None => return Ok(None),
            },
            _ => {
                return Err(Violation(format!(
                    "a reply of redis cannot begin with the byte {kind:#04x}"
                )));
            }
        };
        if self.levels.is_empty() && kind != b'|' {
            self.seen = Seen {
                kind,
                ..Seen::default()
            };
        }
        let is_null = count == -1 && matches!(kind, b'$' | b'*');
        if is_null {
            return Ok(Some((length, self.element_ended())));
        }
        // Twice the largest count is still a number.
        let count = u64::try_from(count)
            .map_err(|_| Violation(format!("a reply says that it has {count} elements")))?;
        match kind {
            b'$' | b'!' | b'=' => {
                self.place = if count == 0 {
                    Place::End { has_return: false }
                } else {
                    Place::Text(count)
                };
                Ok(Some((length, false)))
            }
            b'*' | b'~' | b'>' => Ok(Some((length, self.opened(count, false)?))),
            b'%' => Ok(Some((length, self.opened(2 * count, false)?))),
            b'|' => Ok(Some((length, self.opened(2 * count, true)?))),
            _ => {
                self.place = Place::Line {
                    is_number: kind == b':',
                    has_return: false,
                };
                Ok(Some((length, false)))
            }
        }
    }

    /// Opens an array or the like; returns whether the whole value has ended.
    fn opened(&mut self, left: u64, is_attribute: bool) -> Result<bool, Violation> {
        if left == 0 {
            // What has attributes follows them, even if there are none.
            return Ok(!is_attribute && self.element_ended());
        }
        if self.levels.len() == DEEPEST {
            return Err(Violation(format!(
                "a reply is nested deeper than {DEEPEST} arrays"
            )));
        }
        self.levels.push(Level {
            left,
            index: 0,
            is_attribute,
        });
        Ok(false)
    }

    /// Counts an element that has ended; returns whether the whole value has.
    fn element_ended(&mut self) -> bool {
        self.place = Place::Type;
        while let Some(level) = self.levels.last_mut() {
            level.left -= 1;
            level.index += 1;
            if level.left > 0 {
                return false;
            }
            let is_attribute = level.is_attribute;
            self.levels.pop();
            if is_attribute {
                return false;
            }
        }
        true
    }

    /// Returns where the current text is kept, if it is.
    fn slot(&mut self, is_number: bool) -> Option<&mut Short> {
        match (self.levels.as_slice(), is_number) {
            ([], _) => Some(&mut self.seen.line),
            ([level], false) if level.index == 0 && !level.is_attribute => {
                Some(&mut self.seen.word)
            }
            ([level], true) if level.index == 2 && !level.is_attribute => {
                Some(&mut self.seen.number)
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns how long the value at the front is, read in pieces of `size`.
    fn length(bytes: &[u8], size: usize) -> Result<Option<usize>, Violation> {
        let mut reader = ValueReader::default();
        let (mut taken, mut end) = (0, 0);
        while end < bytes.len() {
            end = (end + size).min(bytes.len());
            loop {
                let (length, has_ended) = reader.read(&bytes[taken..end])?;
                taken += length;
                if has_ended {
                    return Ok(Some(taken));
                }
                if length == 0 || taken == end {
                    break;
                }
            }
        }
        Ok(None)
    }

    #[test]
    fn a_value_ends_where_it_does_however_it_is_cut() {
        for value in [
            "+OK\r\n",
            "-ERR a b\r\n",
            ":-1\r\n",
            "$5\r\nab\r\nc\r\n",
            "$0\r\n\r\n",
            "$-1\r\n",
            "*-1\r\n",
            "*0\r\n",
            "*2\r\n*2\r\n:1\r\n$1\r\na\r\n*0\r\n",
            "_\r\n",
            ",1.5\r\n",
            "#t\r\n",
            "(12345678901234567890\r\n",
            "!5\r\nERR a\r\n",
            "=6\r\ntxt:ab\r\n",
            "%2\r\n+a\r\n:1\r\n+b\r\n*1\r\n:2\r\n",
            "~1\r\n+a\r\n",
            ">2\r\n+a\r\n$1\r\nb\r\n",
            "|1\r\n+ttl\r\n:3\r\n$1\r\na\r\n",
            "|0\r\n*1\r\n|1\r\n+a\r\n+b\r\n:1\r\n",
        ] {
            let bytes = format!("{value}+NEXT\r\n");
            for size in [1, 2, 3, 5, bytes.len()] {
                let found = length(bytes.as_bytes(), size);
                assert_eq!(found, Ok(Some(value.len())), "{value:?} in {size}");
                let cut = &value.as_bytes()[..value.len() - 1];
                assert_eq!(length(cut, size), Ok(None), "{value:?} in {size}");
            }
        }
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for wrong in [
            "HTTP/1.1 200 OK\r\n",
            "$?\r\n",
            "$-2\r\n",
            "%-1\r\n",
            "$1\r\nab\r\n",
            "+OK\n",
            &"*1\r\n".repeat(DEEPEST + 1),
        ] {
            for size in [1, wrong.len()] {
                assert!(length(wrong.as_bytes(), size).is_err(), "{wrong:?}");
            }
        }
    }

    #[test]
    fn a_return_within_a_line_is_kept_however_the_line_is_cut() {
        for (line, kept) in [
            ("+OK\r\r\n", "OK\r"),
            ("+\rO\r\rK\r\n", "\rO\r\rK"),
            ("-\r\r\r\n", "\r\r"),
            (":3\r\r\n", "3\r"),
        ] {
            for size in [1, 2, 3, line.len()] {
                let mut reader = ValueReader::default();
                for piece in line.as_bytes().chunks(size) {
                    let mut at = 0;
                    while at < piece.len() {
                        at += reader.read(&piece[at..]).unwrap().0;
                    }
                }
                let found = reader.seen().line.as_bytes();
                assert_eq!(found, kept.as_bytes(), "{line:?} in {size}");
            }
        }
    }

    #[test]
    fn what_tells_replies_apart_is_kept() {
        let mut reader = ValueReader::default();
        reader
            .read(b"*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:7\r\n")
            .unwrap();
        assert_eq!(reader.seen().kind, b'*');
        assert_eq!(reader.seen().word.as_bytes(), b"subscribe");
        assert_eq!(reader.seen().count(), Some(7));
        reader.read(b"+OK\r\n").unwrap();
        assert_eq!(reader.seen().line.as_bytes(), b"OK");
        assert_eq!(reader.seen().word.as_bytes(), b"");
        assert_eq!(reader.seen().count(), None);
    }
}
