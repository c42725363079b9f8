//! The numbers of RESP: a count or a length between a type's byte and a line end. Reads one, and
//! knows nothing of what it counts.

use memchr::memchr;

use crate::protocol::Violation;

/// A number has at most 20 characters; more than this is not one.
const LONGEST: usize = 32;

/// Returns the number behind the first byte, and how long its line is; nothing if the line has not
/// ended.
pub(super) fn number_line(bytes: &[u8]) -> Result<Option<(i64, usize)>, Violation> {
    let near = &bytes[..bytes.len().min(LONGEST)];
    let Some(end) = memchr(b'\n', near) else {
        return if near.len() == LONGEST {
            Err(Violation(
                "a count or length has more than 30 characters".to_owned(),
            ))
        } else {
            Ok(None)
        };
    };
    let digits = near[..end]
        .strip_suffix(b"\r")
        .and_then(|line| line.get(1..));
    let number = digits.and_then(parse);
    let wrong = || {
        let line = String::from_utf8_lossy(&near[..end]);
        Violation(format!("{line:?} is not a count or length"))
    };
    number
        .map(|number| Some((number, end + 1)))
        .ok_or_else(wrong)
}

/// Returns the number that these digits are.
pub(super) fn parse(digits: &[u8]) -> Option<i64> {
    // Redis takes no sign but this one.
    if digits.first() == Some(&b'+') {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_when_its_line_has_ended() {
        assert_eq!(number_line(b"$12\r\nab").unwrap(), Some((12, 5)));
        assert_eq!(number_line(b"*-1\r\n").unwrap(), Some((-1, 5)));
        for begin in ["$", "$1", "$12\r"] {
            assert_eq!(number_line(begin.as_bytes()).unwrap(), None, "{begin:?}");
        }
        for wrong in [
            "$\r\n",
            "$12\n",
            "$+1\r\n",
            "$?\r\n",
            "$ 1\r\n",
            "$99999999999999999999\r\n",
            &format!("${}", "1".repeat(31)),
        ] {
            assert!(number_line(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }
}
