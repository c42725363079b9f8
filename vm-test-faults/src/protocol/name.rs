//! Names of requests: text from a client that is made fit for a line of a log.

/// The longest name that a request may have, in bytes.
const LONGEST: usize = 200;

/// Returns the beginning of a client's text, without control characters.
pub(super) fn name(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let mut name = text.replace(char::is_control, " ").trim().to_owned();
    let mut end = name.len().min(LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.truncate(end);
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_and_has_no_control_characters() {
        assert_eq!(name(b" SELECT\x1b[2J\n1\0"), "SELECT [2J 1");
        assert_eq!(name(&[0xff; 400]).len(), 198);
        assert_eq!(name(b""), "");
    }
}
