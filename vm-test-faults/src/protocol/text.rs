//! The text of an error and the name of a request, as they may stand on a line. Knows no protocol.

use super::{Fault, Unsupported};

/// How long the text of an error may be.
const LONGEST_TEXT: usize = 1024;

/// How long the name of a request may be.
const LONGEST_NAME: usize = 64;

/// Checks that the text of an error fits on a line.
pub(crate) fn check_line(fault: &Fault) -> Result<(), Unsupported> {
    let text = fault.text.as_deref().unwrap_or_default();
    if text.len() > LONGEST_TEXT {
        return Err(unsupported(
            fault,
            format!("its text has more than {LONGEST_TEXT} bytes"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(unsupported(
            fault,
            "its text has a control character, and an error is one line",
        ));
    }
    Ok(())
}

/// Returns why `fault` cannot be said.
pub(crate) fn unsupported(fault: &Fault, reason: impl Into<String>) -> Unsupported {
    Unsupported {
        code: fault.code.clone(),
        reason: reason.into(),
    }
}

/// Returns a name for rules and events: printable and of bounded length, whatever the client sent.
pub(crate) fn printable(name: &[u8]) -> String {
    let name = &name[..name.len().min(LONGEST_NAME)];
    let visible = |byte: &u8| {
        if byte.is_ascii_graphic() {
            char::from(*byte)
        } else {
            '?'
        }
    };
    name.iter().map(visible).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_more_than_one_line_is_refused() {
        let check = |text: &str| {
            check_line(&Fault {
                code: "ERR".to_owned(),
                text: Some(text.to_owned()),
            })
        };
        assert_eq!(check("a text"), Ok(()));
        for wrong in ["a\r\n+OK", "a\0", &"a".repeat(1025)] {
            assert!(check(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_name_is_short_and_printable() {
        assert_eq!(printable(b"SET\r\n\xff"), "SET???");
        assert_eq!(printable(&[b'a'; 1000]).len(), 64);
    }
}
