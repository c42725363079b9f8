//! Replies of the server line by line: a reply ends with the line that has no hyphen behind its
//! code. What is no reply passes as one of a single line.

/// The code of a reply, and what follows it.
const HEAD: usize = 4;

/// Where the server's bytes stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Line {
    /// Before a line.
    #[default]
    Start,
    /// In a line, which may be the reply's last one.
    Inside { is_last: bool },
}

/// What has been read of a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) length: usize,
    pub(super) ends: bool,
    /// The first digit of its code, if the reply begins here.
    pub(super) first_digit: Option<u8>,
}

impl Line {
    /// Reads as much as belongs to one reply; `is_new` at its beginning. Returns a length of 0 if
    /// more is needed.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Passed {
        let mut length = 0;
        let mut first_digit = None;
        loop {
            let rest = &bytes[length..];
            if *self == Self::Start {
                let newline = rest.iter().take(HEAD).position(|byte| *byte == b'\n');
                if rest.len() < HEAD && newline.is_none() {
                    break;
                }
                first_digit = first_digit.or(rest.first().copied());
                // A short line is one without a hyphen.
                let is_last = newline.is_some() || rest.get(HEAD - 1) != Some(&b'-');
                *self = Self::Inside { is_last };
            }
            let Some(newline) = rest.iter().position(|byte| *byte == b'\n') else {
                length = bytes.len();
                break;
            };
            length += newline + 1;
            let is_last = *self == Self::Inside { is_last: true };
            *self = Self::Start;
            if is_last {
                return Passed {
                    length,
                    ends: true,
                    first_digit,
                };
            }
        }
        Passed {
            length,
            ends: false,
            first_digit,
        }
    }
}
