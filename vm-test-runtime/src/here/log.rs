//! A line of a file, for example of a log.

use super::file::absence;
use super::look::{Look, Watched};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::PathBuf;

/// A longer line is read in parts, in bytes; and a file is read so far even if it says that it is
/// shorter, as those in `/proc` do.
const LONGEST: u64 = 1 << 20;

/// How many characters of a line are shown.
const SHOWN: usize = 200;

/// Waits until a file has a line with this text in it; returns the line.
///
/// The file is read from its beginning every time: it may be truncated, replaced, or written anew.
pub(super) struct LogLine {
    pub(super) path: PathBuf,
    pub(super) text: String,
}

impl Watched for LogLine {
    type Value = String;

    fn what(&self) -> String {
        format!("a line with {:?} in {}", self.text, self.path.display())
    }

    fn look(&mut self) -> Look<String> {
        // Opening something else, such as a named pipe, might block.
        match fs::metadata(&self.path) {
            Ok(meta) if !meta.is_file() => {
                return Look::Never {
                    cause: "it is not a regular file".to_owned(),
                    hint: None,
                };
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Look::NotYet(absence(&self.path));
            }
            Err(error) => return Look::NotYet(error.to_string()),
        }
        match self.read() {
            Ok(lines) => lines.into_look(),
            Err(error) => Look::NotYet(error.to_string()),
        }
    }
}

impl LogLine {
    fn read(&self) -> io::Result<Lines> {
        let file = File::open(&self.path)?;
        // What is written meanwhile is read at the next look, however fast it grows.
        let length = file.metadata()?.len().max(LONGEST);
        search(BufReader::new(file.take(length)), &self.text)
    }
}

/// The lines of a file, up to the one that was searched for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Lines {
    found: Option<String>,
    count: u64,
    last: String,
}

impl Lines {
    fn into_look(self) -> Look<String> {
        if let Some(line) = self.found {
            return Look::Met(line);
        }
        let shown: String = self.last.chars().take(SHOWN).collect();
        Look::NotYet(match self.count {
            0 => "the file is empty".to_owned(),
            1 => format!("its only line is {shown:?}"),
            count => format!("none of its {count} lines has it, and the last one is {shown:?}"),
        })
    }
}

/// Reads up to the first line with this text in it.
fn search(mut reader: impl BufRead, text: &str) -> io::Result<Lines> {
    let mut lines = Lines::default();
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let mut line = reader.by_ref().take(LONGEST);
        if line.read_until(b'\n', &mut bytes)? == 0 {
            return Ok(lines);
        }
        let line = String::from_utf8_lossy(&bytes);
        let line = line.trim_end_matches(['\r', '\n']);
        lines.count += 1;
        if line.contains(text) {
            lines.found = Some(line.to_owned());
            return Ok(lines);
        }
        line.clone_into(&mut lines.last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(content: &[u8], text: &str) -> Option<String> {
        search(content, text).unwrap().found
    }

    #[test]
    fn the_first_line_with_the_text_is_found_even_if_it_has_no_end() {
        for (content, text, line) in [
            (&b"one\ntwo two\nthree\n"[..], "two", Some("two two")),
            (b"one\r\nready\r\n", "ready", Some("ready")),
            (b"one\nlogin: ", "login", Some("login: ")),
            (b"\xff\xfe ready\n", "ready", Some("\u{fffd}\u{fffd} ready")),
            (b"re\nady\n", "ready", None),
            (b"", "", None),
            (b"\n", "", Some("")),
        ] {
            assert_eq!(found(content, text).as_deref(), line, "{content:?}");
        }
    }

    #[test]
    fn a_file_without_the_line_is_described() {
        let words = |content: &str| match search(content.as_bytes(), "ready").unwrap().into_look() {
            Look::NotYet(words) => words,
            other => panic!("{other:?}"),
        };
        assert_eq!(words(""), "the file is empty");
        assert_eq!(words("one\n"), "its only line is \"one\"");
        assert_eq!(
            words("one\n\u{1b}[2Jtwo"),
            "none of its 2 lines has it, and the last one is \"\\u{1b}[2Jtwo\""
        );
        assert_eq!(words(&"x".repeat(1000)).len(), 219);
    }

    #[test]
    fn a_file_may_come_later_and_be_written_anew() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("log");
        let mut log = LogLine {
            path: path.clone(),
            text: "ready".to_owned(),
        };
        let what = format!("a line with \"ready\" in {}", path.display());
        assert_eq!(log.what(), what);
        assert_eq!(log.look(), Look::NotYet("it is not there".to_owned()));
        fs::write(&path, "begun\n").unwrap();
        let only = Look::NotYet("its only line is \"begun\"".to_owned());
        assert_eq!(log.look(), only);
        fs::write(&path, "ready\n").unwrap();
        assert_eq!(log.look(), Look::Met("ready".to_owned()));
    }

    #[test]
    fn what_is_no_regular_file_is_refused_at_once() {
        let place = tempfile::tempdir().unwrap();
        let mut log = LogLine {
            path: place.path().to_owned(),
            text: String::new(),
        };
        assert!(matches!(log.look(), Look::Never { .. }));
    }
}
