//! Messages behind `DATA`: where one ends. Only a dot between two ends of lines, each with both of
//! its characters, ends it, as the standard says; some servers once believed less.

/// What ends a message, together with the end of the line before it.
const END: &[u8; 5] = b"\r\n.\r\n";

/// How much of the end has been seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Content(usize);

impl Content {
    /// Returns the state in front of a message, whose first line may end it.
    pub(super) fn new() -> Self {
        Self(2)
    }

    /// Returns how many of the bytes belong to the message, and whether it ends behind them.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> (usize, bool) {
        let mut at = 0;
        while let Some(byte) = bytes.get(at) {
            if self.0 == 0 && *byte != b'\r' {
                // The end begins only here; the rest of a line is of no interest.
                let rest = &bytes[at..];
                at += rest
                    .iter()
                    .position(|it| *it == b'\r')
                    .unwrap_or(rest.len());
                continue;
            }
            at += 1;
            self.0 = match byte {
                byte if *byte == END[self.0] => self.0 + 1,
                b'\r' => 1,
                _ => 0,
            };
            if self.0 == END.len() {
                return (at, true);
            }
        }
        (at, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_dot_between_two_whole_ends_of_lines_ends_a_message() {
        for (text, end) in [
            (".\r\nQUIT\r\n", Some(3)),
            ("\r\n.\r\n", Some(5)),
            ("a\r\n..\r\n.\r\n", Some(10)),
            ("a\r\n.b\r\r\n.\r\n", Some(11)),
            ("a\n.\n\r\n.\r\n", Some(9)),
            ("a\r\n.\n", None),
            ("a\r\n.\r.\r\n", None),
            ("a\n.\r\n", None),
            ("a\r\n.\r\r\n.\r\n", Some(10)),
        ] {
            for split in 0..=text.len() {
                let (first, second) = text.as_bytes().split_at(split);
                let mut content = Content::new();
                let (length, ends) = content.pass(first);
                let found = if ends {
                    Some(length)
                } else {
                    assert_eq!(length, first.len());
                    let (length, ends) = content.pass(second);
                    ends.then_some(split + length)
                };
                assert_eq!(found, end, "{text:?} at {split}");
            }
        }
    }
}
