//! Extended headers: key-value records with a length prefix, so that values may hold any byte.
//!
//! Knows no specific keys.

/// A key and its value.
pub(super) type Pair = (Vec<u8>, Vec<u8>);

/// Parses the records of an extended header; returns `None` if it is malformed.
pub(super) fn pairs(mut bytes: &[u8]) -> Option<Vec<Pair>> {
    let mut pairs = Vec::new();
    // Some programs pad the block with zeros.
    while bytes.first().is_some_and(|&byte| byte != 0) {
        let space = bytes.iter().take(20).position(|&byte| byte == b' ')?;
        let length: usize = str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let record = bytes.get(space + 1..length)?;
        let (b'\n', record) = record.split_last()? else {
            return None;
        };
        let equals = record.iter().position(|&byte| byte == b'=')?;
        pairs.push((record[..equals].to_vec(), record[equals + 1..].to_vec()));
        bytes = &bytes[length..];
    }
    Some(pairs)
}

/// Returns the last value of a key: later pairs override earlier ones.
pub(super) fn value<'a>(pairs: &'a [Pair], key: &[u8]) -> Option<&'a [u8]> {
    let found = pairs.iter().rev().find(|(known, _)| known == key);
    found.map(|(_, value)| &value[..])
}

/// Parses a decimal number.
pub(super) fn number(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

/// Parses a time with an optional fraction, as seconds and non-negative nanoseconds.
pub(super) fn time(text: &[u8]) -> Option<(i64, u32)> {
    let text = str::from_utf8(text).ok()?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let negative = whole.starts_with('-');
    let whole: i64 = match whole {
        "" | "-" => 0,
        digits => digits.parse().ok()?,
    };
    if !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let nanos: String = fraction
        .chars()
        .chain("000000000".chars())
        .take(9)
        .collect();
    let nanos: u32 = nanos.parse().ok()?;
    match (negative, nanos) {
        (true, 1..) => Some((whole.checked_sub(1)?, 1_000_000_000 - nanos)),
        _ => Some((whole, nanos)),
    }
}

/// Encodes an extended header with these pairs.
pub(super) fn written(pairs: &[(&[u8], &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in pairs {
        let rest = 3 + key.len() + value.len();
        let mut length = rest + 1;
        while rest + length.to_string().len() != length {
            length = rest + length.to_string().len();
        }
        bytes.extend_from_slice(length.to_string().as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(key);
        bytes.push(b'=');
        bytes.extend_from_slice(value);
        bytes.push(b'\n');
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again_whatever_bytes_it_has() {
        let values: [&[u8]; 5] = [b"", b"a\nb", b"20 path=../x\n", b"\0\xff=", &[b'x'; 120]];
        let given: Vec<_> = values.iter().map(|&value| (&b"key"[..], value)).collect();
        let read = pairs(&written(&given)).unwrap();
        let read: Vec<_> = read
            .iter()
            .map(|(key, value)| (&key[..], &value[..]))
            .collect();
        assert_eq!(read, given);
        // Covers every length at which the number of digits changes.
        for length in (0..1100).map(|length| vec![b'v'; length]) {
            let read = pairs(&written(&[(b"k", &length)])).unwrap();
            assert_eq!(read, [(b"k".to_vec(), length)]);
        }
    }

    #[test]
    fn what_is_no_extended_header_is_not_taken_for_one() {
        for bytes in [
            &b"x"[..],
            b"9 a=b\n",
            b"6 ab\n",
            b"3 a",
            b"0 a=b\n",
            b"-1 a=b\n",
        ] {
            assert_eq!(pairs(bytes), None, "{bytes:?}");
        }
        assert_eq!(
            pairs(b"6 a=b\n\0\0"),
            Some(vec![(b"a".to_vec(), b"b".to_vec())])
        );
    }

    #[test]
    fn times_have_fractions_and_may_lie_before_1970() {
        for (text, expected) in [
            ("1700000000.5", Some((1_700_000_000, 500_000_000))),
            ("12", Some((12, 0))),
            ("-1.25", Some((-2, 750_000_000))),
            ("-0.5", Some((-1, 500_000_000))),
            ("1.1234567899", Some((1, 123_456_789))),
            ("1.x", None),
            ("x", None),
        ] {
            assert_eq!(time(text.as_bytes()), expected, "{text}");
        }
    }
}
