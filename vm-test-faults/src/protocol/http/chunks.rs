//! The chunks of a body and the trailers behind them.

use memchr::memchr;

use super::part::Part;
use crate::protocol::Violation;

/// How long the line with a chunk's size and extensions may be, and a line of the trailers.
const LONGEST_LINE: usize = 16 * 1024;

/// How long the trailers may be together.
const LONGEST_TRAILERS: usize = 64 * 1024;

/// Where in a body of chunks its reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Size,
    Data(u64),
    BehindData,
    Trailers(usize),
}

/// A body of chunks that is being read.
#[derive(Debug)]
pub(super) struct Chunks(Place);

impl Default for Chunks {
    fn default() -> Self {
        Self(Place::Size)
    }
}

impl Chunks {
    /// Takes as much as it understands; nothing if more is needed.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Part, Violation> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            if let Place::Data(left) = &mut self.0 {
                let length = usize::try_from(*left).map_or(rest.len(), |it| it.min(rest.len()));
                *left -= length as u64;
                at += length;
                if *left == 0 {
                    self.0 = Place::BehindData;
                }
                continue;
            }
            let end = memchr(b'\n', rest);
            if end.unwrap_or(rest.len()) > LONGEST_LINE {
                return Err(Violation("a line between chunks is too long".to_owned()));
            }
            let Some(end) = end else {
                if self.0 == Place::BehindData && rest != b"\r" {
                    return Err(behind_data());
                }
                break;
            };
            let line = rest.get(..end).unwrap_or_default();
            at += end + 1;
            if self.end_line(line)? {
                return Ok(Part {
                    length: at,
                    ends: true,
                });
            }
        }
        Ok(Part {
            length: at,
            ends: false,
        })
    }

    /// Reads a line, without its newline. Returns whether it is the last one of the body.
    fn end_line(&mut self, line: &[u8]) -> Result<bool, Violation> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.0 = match self.0 {
            Place::Size => match size_of(line)? {
                0 => Place::Trailers(0),
                size => Place::Data(size),
            },
            Place::BehindData if line.is_empty() => Place::Size,
            Place::BehindData | Place::Data(_) => return Err(behind_data()),
            Place::Trailers(_) if line.is_empty() => return Ok(true),
            Place::Trailers(length) if length + line.len() > LONGEST_TRAILERS => {
                return Err(Violation("the trailers are too long".to_owned()));
            }
            // Each line counts for something, or empty ones would not end.
            Place::Trailers(length) => Place::Trailers(length + line.len() + 1),
        };
        Ok(false)
    }
}

fn behind_data() -> Violation {
    Violation("a chunk that is longer than its size".to_owned())
}

/// Reads a chunk's size, in front of its extensions.
fn size_of(line: &[u8]) -> Result<u64, Violation> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default();
    let digits = digits.trim_ascii();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).unwrap_or_default();
    let size = u64::from_str_radix(text, 16).ok().filter(|_| is_number);
    size.ok_or_else(|| Violation("a chunk whose size is no number".to_owned()))
}
