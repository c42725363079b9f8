//! Errors as a test names them, and as packets of MySQL.

use super::packet::packet;
use crate::protocol::{Fault, KnownFault, Unsupported};

/// The errors that can be named by their number alone; the SQLSTATE may stand behind it.
pub(super) const KNOWN: &[KnownFault] = &[
    known("1040/08004", "Too many connections"),
    known("1053/08S01", "Server shutdown in progress"),
    known("1205/HY000", LOCK_WAIT),
    known("1213/40001", DEADLOCK),
    known("1226/42000", "User has exceeded the resource limit"),
    known(
        "1290/HY000",
        "The MySQL server is running with the --read-only option so it cannot execute this statement",
    ),
    known("1317/70100", "Query execution was interrupted"),
    known("1836/HY000", "Running in read-only mode"),
    known("1927/70100", "Connection was killed"),
    known(
        "3024/HY000",
        "Query execution was interrupted, maximum statement execution time exceeded",
    ),
];

/// The errors to choose from if a test names none: what a client should try again.
pub(super) const DEFAULT: &[KnownFault] = &[
    known("1205/HY000", LOCK_WAIT),
    known("1213/40001", DEADLOCK),
];

const LOCK_WAIT: &str = "Lock wait timeout exceeded; try restarting transaction";
const DEADLOCK: &str = "Deadlock found when trying to get lock; try restarting transaction";

const fn known(code: &'static str, text: &'static str) -> KnownFault {
    KnownFault { code, text }
}

/// Errors behind which a server closes the connection.
const CLOSING: &[u16] = &[1053, 1927, 4031];

/// The class of SQLSTATE that says that the transaction has been rolled back.
const ROLLED_BACK: &[u8] = b"40";

/// The longest text of an error, as in a server.
const LONGEST_TEXT: usize = 512;

/// An error of MySQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Error {
    number: u16,
    state: [u8; 5],
    /// Whether a test has named the state.
    is_state_named: bool,
    text: String,
}

impl Error {
    pub(super) fn new(number: u16, state: [u8; 5], text: &str) -> Self {
        let text = text.to_owned();
        Self {
            number,
            state,
            is_state_named: false,
            text,
        }
    }

    /// Reads what a test has named: `1213`, `1213/40001`.
    pub(super) fn read(fault: &Fault) -> Result<Self, Unsupported> {
        let refuse = |reason: &str| Unsupported {
            code: fault.code.clone(),
            reason: reason.to_owned(),
        };
        let (number, state) = match fault.code.split_once('/') {
            Some((number, state)) => (number, Some(state)),
            None => (fault.code.as_str(), None),
        };
        let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
        let parsed: Option<u16> = number
            .parse()
            .ok()
            .filter(|number| is_number && *number > 0);
        let parsed = parsed.filter(|number| *number < u16::MAX).ok_or_else(|| {
            refuse("errors of MySQL have a number below 65535\nhint: write one like `1213` or `1213/40001`")
        })?;
        let known = KNOWN.iter().find_map(|known| {
            let (known_number, state) = known.code.split_once('/')?;
            (known_number == number).then_some((state, known.text))
        });
        let is_state_named = state.is_some();
        let state = state.or(known.map(|(state, _)| state)).ok_or_else(|| {
            refuse("the proxy does not know its SQLSTATE\nhint: write it behind the number, like `1213/40001`")
        })?;
        let state: Option<[u8; 5]> = state.as_bytes().try_into().ok();
        let is_state = |state: &[u8; 5]| {
            let is_digit = |byte: &u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
            state.iter().all(is_digit)
        };
        let state = state.filter(is_state).ok_or_else(|| {
            refuse(
                "a SQLSTATE has five digits and capital letters\nhint: write one like `1213/40001`",
            )
        })?;
        let text = match (&fault.text, known) {
            (Some(text), _) => text,
            (None, Some((_, text))) => text,
            (None, None) => "Error of a test",
        };
        if text.len() > LONGEST_TEXT {
            return Err(refuse("its text has more than 512 bytes"));
        }
        Ok(Self {
            is_state_named,
            ..Self::new(parsed, state, text)
        })
    }

    /// Tells whether a server closes the connection behind it.
    pub(super) fn closes(&self) -> bool {
        CLOSING.contains(&self.number)
    }

    /// Tells whether a server that says this has rolled the transaction back.
    pub(super) fn has_rolled_back(&self) -> bool {
        self.state.starts_with(ROLLED_BACK)
    }

    /// Returns the packet with this number; empty if the text were too long for one.
    pub(super) fn packet(&self, sequence: u8) -> Vec<u8> {
        self.packet_with(sequence, &self.marked_state())
    }

    /// Returns the packet in place of a greeting: without the state unless a test has named it.
    ///
    /// MariaDB tells none before it knows whether the client understands it; some versions of MySQL
    /// do.
    pub(super) fn refusal(&self) -> Vec<u8> {
        let state = self.is_state_named.then(|| self.marked_state());
        self.packet_with(0, &state.unwrap_or_default())
    }

    fn marked_state(&self) -> Vec<u8> {
        [b"#", &self.state[..]].concat()
    }

    fn packet_with(&self, sequence: u8, state: &[u8]) -> Vec<u8> {
        let number = self.number.to_le_bytes();
        let head = [0xff, number[0], number[1]];
        let payload = [&head, state, self.text.as_bytes()].concat();
        packet(sequence, &payload).unwrap_or_default()
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
    fn an_error_is_named_by_number_and_the_state_is_known_or_given() {
        let deadlock = read("1213", None).unwrap();
        let named = read("1213/40001", None).unwrap();
        assert_eq!(deadlock.packet(1), named.packet(1));
        assert_ne!(deadlock.refusal(), named.refusal());
        assert!(deadlock.has_rolled_back() && !deadlock.closes());
        let packet = deadlock.packet(1);
        assert_eq!(packet[3..13], *b"\x01\xff\xbd\x04#40001");
        assert!(packet.ends_with(b"try restarting transaction"));
        let own = read("1999/XA100", Some("mine")).unwrap();
        assert_eq!(own.packet(1), Error::new(1999, *b"XA100", "mine").packet(1));
        assert!(read("1053", None).unwrap().closes());
    }

    #[test]
    fn what_is_no_error_of_mysql_is_refused_with_a_hint() {
        for code in [
            "", "0", "-1", "+1213", "65535", "70000", "LOADING", "/HY000", "1999",
        ] {
            let reason = read(code, None).unwrap_err().reason;
            assert!(reason.contains("\nhint: "), "{code}: {reason}");
        }
        for state in ["", "4000", "400011", "hy000", "40 01", "4000é"] {
            assert!(read(&format!("1213/{state}"), None).is_err(), "{state}");
        }
        assert!(read("1213", Some(&"x".repeat(513))).is_err());
    }

    #[test]
    fn every_known_error_can_be_said() {
        for known in KNOWN {
            let error = read(known.code, None).unwrap();
            assert!(error.packet(1).ends_with(known.text.as_bytes()));
        }
    }
}
