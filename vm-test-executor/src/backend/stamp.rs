//! The times of the lines of a console: written in front of each line by the keeper that copies it,
//! and read by the daemon. What the guest writes cannot be taken for one.

use std::time::{Duration, SystemTime};

/// What a time begins and ends with.
const BEGIN: u8 = 0x1e;
const END: u8 = 0x1f;

/// How many digits a time has: microseconds since 1970, in hexadecimal.
const DIGITS: usize = 16;

/// Puts the time in front of every line.
#[derive(Debug)]
pub struct Stamper {
    is_at_start: bool,
}

impl Default for Stamper {
    fn default() -> Self {
        Self { is_at_start: true }
    }
}

impl Stamper {
    /// Returns the next bytes with their times.
    pub(super) fn stamp(&mut self, bytes: &[u8]) -> Vec<u8> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        self.stamp_with(now.unwrap_or_default(), bytes)
    }

    fn stamp_with(&mut self, now: Duration, bytes: &[u8]) -> Vec<u8> {
        let mut stamped = Vec::with_capacity(bytes.len() + DIGITS + 2);
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            if self.is_at_start {
                let micros = u64::try_from(now.as_micros()).unwrap_or(u64::MAX);
                stamped.push(BEGIN);
                stamped.extend(format!("{micros:0DIGITS$x}").bytes());
                stamped.push(END);
            }
            let foreign = |&byte: &u8| if byte == BEGIN { b'?' } else { byte };
            stamped.extend(piece.iter().map(foreign));
            self.is_at_start = piece.ends_with(b"\n");
        }
        stamped
    }
}

/// Splits a line into its time, since 1970, and the rest.
#[must_use]
pub fn split(line: &[u8]) -> (Option<Duration>, &[u8]) {
    let micros = |line: &[u8]| {
        let (begin, rest) = line.split_first()?;
        let (digits, rest) = rest.split_at_checked(DIGITS)?;
        let (end, rest) = rest.split_first()?;
        if (*begin, *end) != (BEGIN, END) {
            return None;
        }
        let micros = u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        Some((Duration::from_micros(micros), line.len() - rest.len()))
    };
    match micros(line) {
        Some((time, length)) => (Some(time), &line[length..]),
        None => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_has_the_time_at_which_it_began() {
        let mut stamper = Stamper::default();
        let mut text = stamper.stamp_with(Duration::from_micros(7), b"one\ntw");
        text.extend(stamper.stamp_with(Duration::from_secs(9), b"o\n"));
        let lines: Vec<_> = text.split(|&byte| byte == b'\n').map(split).collect();
        let first = Some(Duration::from_micros(7));
        assert_eq!(
            lines,
            [(first, &b"one"[..]), (first, b"two"), (None, b"")],
            "{text:?}"
        );
    }

    #[test]
    fn a_guest_cannot_write_a_time() {
        let forged = b"\x1e0000000000000001\x1fforged";
        let text = Stamper::default().stamp_with(Duration::from_secs(5), forged);
        let (time, rest) = split(&text);
        assert_eq!(time, Some(Duration::from_secs(5)));
        assert_eq!(split(rest), (None, &b"?0000000000000001\x1fforged"[..]));
        for cut in [
            &b""[..],
            b"\x1e",
            b"\x1e00000000000000",
            b"\x1e+000000000000001\x1e",
        ] {
            assert_eq!(split(cut), (None, cut));
        }
    }
}
