//! Command lines: which ones change how the following bytes are read, and what they are called.

use super::detail::Kind;
use crate::protocol::name::name;

/// What a command line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    pub(super) kind: Kind,
    /// How many bytes of a message stand behind the line.
    pub(super) chunk: u64,
    pub(super) name: String,
}

impl Command {
    /// Reads a line, or the beginning of a long one.
    pub(super) fn read(line: &[u8]) -> Self {
        let line = line.trim_ascii();
        let end = line.iter().position(u8::is_ascii_whitespace);
        let (verb, rest) = line.split_at(end.unwrap_or(line.len()));
        let verb = verb.to_ascii_uppercase();
        let mut words = rest
            .split(u8::is_ascii_whitespace)
            .filter(|it| !it.is_empty());
        let first = words.next();
        let (kind, chunk) = match verb.as_slice() {
            b"EHLO" => (Kind::Hello, 0),
            b"DATA" if first.is_none() => (Kind::Data, 0),
            b"AUTH" => (Kind::Authentication, 0),
            b"STARTTLS" if first.is_none() => (Kind::Tls, 0),
            b"BDAT" => match first.and_then(size) {
                Some(chunk) => (Kind::Chunk, chunk),
                None => (Kind::Command, 0),
            },
            _ => (Kind::Command, 0),
        };
        let shown = match (kind, first) {
            (Kind::Authentication, Some(mechanism)) => {
                [b" ".as_slice(), &mechanism.to_ascii_uppercase()].concat()
            }
            (Kind::Authentication, None) => Vec::new(),
            _ => rest.to_vec(),
        };
        Self {
            kind,
            chunk,
            name: name(&[verb, shown].concat()),
        }
    }
}

/// Returns the number that the digits of a chunk's size mean.
fn size(digits: &[u8]) -> Option<u64> {
    let is_number = digits.iter().all(u8::is_ascii_digit);
    let digits = std::str::from_utf8(digits).ok().filter(|_| is_number)?;
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> (Kind, u64, String) {
        let Command { kind, chunk, name } = Command::read(line.as_bytes());
        (kind, chunk, name)
    }

    #[test]
    fn verbs_are_read_in_small_and_capital_letters() {
        let name = |name: &str| name.to_owned();
        assert_eq!(
            read("mail FROM:<a@b> SIZE=1\r\n"),
            (Kind::Command, 0, name("MAIL FROM:<a@b> SIZE=1"))
        );
        assert_eq!(read("data \n"), (Kind::Data, 0, name("DATA")));
        assert_eq!(read("DATA now\r\n"), (Kind::Command, 0, name("DATA now")));
        assert_eq!(read("\r\n"), (Kind::Command, 0, name("")));
        assert_eq!(
            read("Bdat  86 last\r\n"),
            (Kind::Chunk, 86, name("BDAT  86 last"))
        );
        for wrong in [
            "BDAT",
            "BDAT +1",
            "BDAT -1",
            "BDAT x",
            "BDAT 99999999999999999999",
        ] {
            assert_eq!(read(wrong).0, Kind::Command, "{wrong}");
        }
    }

    #[test]
    fn a_name_holds_no_password() {
        let (kind, _, name) = read("AUTH plain AHVzZXIAc2VjcmV0\r\n");
        assert_eq!((kind, name.as_str()), (Kind::Authentication, "AUTH PLAIN"));
    }
}
