//! The server's extensions, as it lists them in its reply to `EHLO`, without the one that is not
//! carried.

/// The longest list that is understood.
pub(super) const LONGEST: usize = 64 * 1024;

/// The extension for TLS.
const STARTTLS: &[u8] = b"STARTTLS";

/// Returns the length of the reply at the front, or `None` if it has not ended.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let mut length = 0;
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if !line.ends_with(b"\n") {
            return None;
        }
        length += line.len();
        if line.get(3) != Some(&b'-') {
            return Some(length);
        }
    }
    None
}

/// Returns a reply without `STARTTLS`, or `None` if that is not in it.
pub(super) fn without_tls(reply: &[u8]) -> Option<Vec<u8>> {
    let lines: Vec<&[u8]> = reply.split_inclusive(|byte| *byte == b'\n').collect();
    let offers_tls = |line: &[u8]| {
        let keyword = line.get(4..).unwrap_or_default().trim_ascii();
        keyword.eq_ignore_ascii_case(STARTTLS)
    };
    // The first line is the server's name.
    let (name, extensions) = lines.split_first()?;
    let kept = extensions.iter().filter(|line| !offers_tls(line));
    let mut kept: Vec<Vec<u8>> = [name]
        .into_iter()
        .chain(kept)
        .map(|it| it.to_vec())
        .collect();
    if kept.len() == lines.len() {
        return None;
    }
    if let Some(hyphen) = kept.last_mut().and_then(|line| line.get_mut(3)) {
        *hyphen = b' ';
    }
    Some(kept.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_is_taken_out_wherever_it_stands() {
        for (reply, rest) in [
            (
                "250-a\r\n250-STARTTLS\r\n250 SIZE\r\n",
                Some("250-a\r\n250 SIZE\r\n"),
            ),
            (
                "250-a\r\n250-SIZE\r\n250 starttls\r\n",
                Some("250-a\r\n250 SIZE\r\n"),
            ),
            ("250-a\r\n250 STARTTLS\r\n", Some("250 a\r\n")),
            ("250 STARTTLS\r\n", None),
            ("250-a\r\n250 XSTARTTLS\r\n", None),
            ("502 no\r\n", None),
        ] {
            assert_eq!(length(reply.as_bytes()), Some(reply.len()), "{reply}");
            let found = without_tls(reply.as_bytes());
            assert_eq!(found.as_deref(), rest.map(str::as_bytes), "{reply}");
        }
    }

    #[test]
    fn a_list_ends_with_the_line_that_has_no_hyphen() {
        assert_eq!(length(b"250-a\r\n250 b\r\n220 c\r\n"), Some(14));
        for part in ["", "250-a\r\n", "250 a", "250-a\r\n250 b\r"] {
            assert_eq!(length(part.as_bytes()), None, "{part}");
        }
    }
}
