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
    let (is_negative, digits) = match digits {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_i64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| i64::from(digit - b'0'))?;
        let tens = number.checked_mul(10)?;
        // The smallest number has no positive counterpart.
        if is_negative {
            tens.checked_sub(digit)
        } else {
            tens.checked_add(digit)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_read_up_to_the_limits_of_a_number() {
        for number in [0, 7, -1, 42, i64::MAX, i64::MIN] {
            assert_eq!(parse(number.to_string().as_bytes()), Some(number));
        }
        assert_eq!(parse(b"007"), Some(7));
        for wrong in [
            "",
            "-",
            "+1",
            "--1",
            "-+1",
            "1-",
            "1 ",
            "1a",
            "\u{661}",
            "9223372036854775808",
            "-9223372036854775809",
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

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
