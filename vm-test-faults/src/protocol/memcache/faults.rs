//! The errors of memcached, as each of its two protocols says them.

use bytes::Bytes;

use crate::protocol::text::check_line;
use crate::protocol::{Fault, KnownFault, Unsupported, unknown_fault};

/// What memcached says before it closes a connection that is one too many.
const TOO_MANY_CLIENTS: &str = "Too many open connections";

/// The error that any command may meet: what a behavior answers with if a test names none.
pub(super) const COMMON: &[KnownFault] = KNOWN.split_at(1).0;

pub(super) const KNOWN: &[KnownFault] = &[
    known("SERVER_ERROR", "out of memory storing object"),
    known("CLIENT_ERROR", "bad command line format"),
    known("ERROR", ""),
    known("0x0082", "Out of memory"),
    known("0x0084", "Internal error"),
    known("0x0085", "Busy"),
    known("0x0086", "Temporary failure"),
];

/// How the binary protocol says the three errors of the text protocol.
const STATUSES: &[(&str, u16, &str)] = &[
    ("ERROR", 0x0081, "Unknown command"),
    ("CLIENT_ERROR", 0x0004, "Invalid arguments"),
    ("SERVER_ERROR", 0x0082, "Out of memory"),
];

/// An error as memcached says it.
pub(super) struct Said {
    line: String,
    status: u16,
    text: String,
    closes: bool,
}

const fn known(code: &'static str, text: &'static str) -> KnownFault {
    KnownFault { code, text }
}

impl Said {
    pub(super) fn new(fault: &Fault) -> Result<Self, Unsupported> {
        check_line(fault)?;
        let Some(known) = KNOWN.iter().find(|known| known.code == fault.code) else {
            return Err(unknown_fault("memcached", &fault.code, KNOWN));
        };
        let text = fault.text.as_deref().unwrap_or(known.text);
        let of_text = STATUSES.iter().find(|(code, ..)| *code == known.code);
        Ok(if let Some((code, status, own)) = of_text {
            let line = if text.is_empty() {
                (*code).to_owned()
            } else {
                format!("{code} {text}")
            };
            Self {
                line,
                status: *status,
                text: fault.text.as_deref().unwrap_or(own).to_owned(),
                closes: text == TOO_MANY_CLIENTS,
            }
        } else {
            let digits = known.code.trim_start_matches("0x");
            Self {
                line: format!("SERVER_ERROR {}", text.to_ascii_lowercase()),
                status: u16::from_str_radix(digits, 16).unwrap_or(0x0084),
                text: text.to_owned(),
                closes: false,
            }
        })
    }

    /// Returns whether memcached closes the connection behind this error.
    pub(super) fn closes(&self) -> bool {
        self.closes
    }

    /// Returns the error in the text protocol.
    pub(super) fn in_text(&self) -> Bytes {
        Bytes::from(format!("{}\r\n", self.line))
    }

    /// Returns the status and the text of the error in the binary protocol.
    pub(super) fn in_binary(&self) -> (u16, &str) {
        (self.status, &self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(code: &str, text: Option<&str>) -> Result<Said, Unsupported> {
        Said::new(&Fault {
            code: code.to_owned(),
            text: text.map(str::to_owned),
        })
    }

    #[test]
    fn each_error_has_the_words_of_both_protocols() {
        for (code, text, line, status, body) in [
            ("ERROR", None, "ERROR", 0x81, "Unknown command"),
            (
                "CLIENT_ERROR",
                None,
                "CLIENT_ERROR bad command line format",
                4,
                "Invalid arguments",
            ),
            (
                "SERVER_ERROR",
                None,
                "SERVER_ERROR out of memory storing object",
                0x82,
                "Out of memory",
            ),
            ("SERVER_ERROR", Some("a"), "SERVER_ERROR a", 0x82, "a"),
            ("0x0085", None, "SERVER_ERROR busy", 0x85, "Busy"),
            ("0x0086", Some("A"), "SERVER_ERROR a", 0x86, "A"),
        ] {
            let said = said(code, text).unwrap();
            assert_eq!(said.in_text(), format!("{line}\r\n"));
            assert_eq!(said.in_binary(), (status, body), "{code}");
        }
    }

    #[test]
    fn an_error_that_memcached_does_not_have_is_refused_with_those_it_has() {
        for (code, text) in [("LOADING", None), ("", None), ("ERROR", Some("a\r\nEND"))] {
            assert!(said(code, text).is_err(), "{code}");
        }
        let refused = said("LOADING", None).err().unwrap().to_string();
        assert!(refused.contains("SERVER_ERROR"), "{refused}");
    }
}
