//! Errors as a test names them, and as replies of a mail server.

use crate::protocol::{Fault, KnownFault, Unsupported};

/// The errors that have a text of their own. Behind each code can stand [`AFTER_DATA`].
pub(super) const KNOWN: &[KnownFault] = &[
    known(
        "421",
        "4.3.2 Service not available, closing transmission channel",
    ),
    known("450", "4.2.1 Mailbox unavailable"),
    known("451", "4.3.0 Local error in processing"),
    known("452", "4.3.1 Insufficient system storage"),
    known("454", "4.7.0 Temporary authentication failure"),
    known("500", "5.5.2 Syntax error, command unrecognized"),
    known("503", "5.5.1 Bad sequence of commands"),
    known("535", "5.7.8 Authentication credentials invalid"),
    known("550", "5.1.1 Mailbox unavailable"),
    known("552", "5.3.4 Message exceeds storage allocation"),
    known("554", "5.0.0 Transaction failed"),
    known(
        "421 after DATA",
        "4.3.2 Service not available, closing transmission channel",
    ),
    known("450 after DATA", "4.2.1 Mailbox unavailable"),
    known("451 after DATA", "4.3.0 Local error in processing"),
    known("452 after DATA", "4.3.1 Insufficient system storage"),
    known("550 after DATA", "5.7.1 Message refused"),
    known("552 after DATA", "5.3.4 Message exceeds storage allocation"),
    known("554 after DATA", "5.6.0 Message refused"),
];

/// The errors to choose from if a test names none: what a client should try again.
pub(super) const DEFAULT: &[KnownFault] = &[
    known("450", "4.2.1 Mailbox unavailable"),
    known("451", "4.3.0 Local error in processing"),
    known("452", "4.3.1 Insufficient system storage"),
];

const fn known(code: &'static str, text: &'static str) -> KnownFault {
    KnownFault { code, text }
}

/// What stands behind a code that answers a message and not the command `DATA`.
const AFTER_DATA: &str = " after DATA";

/// The code behind which a server closes the connection.
const CLOSING: u16 = 421;

/// The longest text of an error; a reply's line has 512 bytes.
const LONGEST_TEXT: usize = 500;

/// An error of a mail server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Error {
    code: u16,
    text: String,
    /// Whether it answers the message behind `DATA`.
    pub(super) is_after_data: bool,
}

impl Error {
    /// Reads what a test has named: `451`, `451 after DATA`.
    pub(super) fn read(fault: &Fault) -> Result<Self, Unsupported> {
        let refuse = |reason: &str| Unsupported {
            code: fault.code.clone(),
            reason: reason.to_owned(),
        };
        let (digits, is_after_data) = match fault.code.strip_suffix(AFTER_DATA) {
            Some(digits) => (digits, true),
            None => (fault.code.as_str(), false),
        };
        let is_number = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
        let code = digits.parse().ok().filter(|_| is_number);
        let code = code
            .filter(|code| (400..600).contains(code))
            .ok_or_else(|| {
                refuse(
                    "errors of SMTP are numbers from 400 to 599\n\
                 hint: write one like `451`, or `451 after DATA` for the message behind DATA",
                )
            })?;
        let known = [fault.code.as_str(), digits].into_iter();
        let known = known.filter_map(|code| KNOWN.iter().find(|known| known.code == code));
        let own = match code {
            400..500 => "4.0.0 Error of a test",
            _ => "5.0.0 Error of a test",
        };
        let known = known.map(|known| known.text).next().unwrap_or(own);
        let text = fault.text.as_deref().unwrap_or(known);
        if text.len() > LONGEST_TEXT || text.contains(char::is_control) {
            return Err(refuse("its text is not one line of at most 500 bytes"));
        }
        Ok(Self {
            code,
            text: text.to_owned(),
            is_after_data,
        })
    }

    /// Tells whether a server closes the connection behind it.
    pub(super) fn closes(&self) -> bool {
        self.code == CLOSING
    }

    /// Returns the reply.
    pub(super) fn reply(&self) -> String {
        format!("{} {}\r\n", self.code, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(code: &str, text: Option<&str>) -> Result<Error, Unsupported> {
        Error::read(&Fault {
            code: code.to_owned(),
            text: text.map(str::to_owned),
        })
    }

    #[test]
    fn an_error_is_named_by_its_code_and_where_it_is_said() {
        let error = read("451", None).unwrap();
        assert_eq!(error.reply(), "451 4.3.0 Local error in processing\r\n");
        assert!(!error.is_after_data && !error.closes());
        assert!(read("451 after DATA", None).unwrap().is_after_data);
        assert!(read("421", None).unwrap().closes());
        let own = read("599", Some("no")).unwrap();
        assert_eq!(own.reply(), "599 no\r\n");
        for known in KNOWN {
            assert!(read(known.code, None).unwrap().reply().contains(known.text));
        }
    }

    #[test]
    fn what_is_no_error_of_smtp_is_refused_with_a_hint() {
        for code in [
            "",
            "250",
            "354",
            "45",
            "4510",
            "+451",
            "600",
            "451 after",
            "after DATA",
        ] {
            let reason = read(code, None).unwrap_err().reason;
            assert!(reason.contains("\nhint: "), "{code}: {reason}");
        }
        assert!(read("451", Some("a\r\nQUIT")).is_err());
        assert!(read("451", Some(&"x".repeat(501))).is_err());
    }
}
