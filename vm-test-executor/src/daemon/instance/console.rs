//! The console of a guest with its own init: a file in memory that its keeper writes, and whose
//! last lines are shown in messages. It outlives the keeper.

mod telling;

use crate::backend::stamp;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::time::Duration;

/// How many bytes of a console a log has, so that it fits into one message together with the
/// output.
const LONGEST: u64 = 1 << 17;

/// Longer lines are cut, in characters.
const LONGEST_LINE: usize = 200;

/// A line of a console.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimedLine {
    /// When it began, since 1970: only a keeper that copies the console itself knows.
    pub(crate) at: Option<Duration>,
    pub(crate) text: String,
}

/// A console.
#[derive(Debug)]
pub(crate) struct Console {
    file: File,
}

impl Console {
    /// Returns an empty console.
    pub(crate) fn new() -> io::Result<Self> {
        let file = memfd_create(c"vm-test console", MemfdFlags::CLOEXEC)?;
        Ok(Self { file: file.into() })
    }

    /// Returns another handle of the same console.
    pub(crate) fn share(&self) -> io::Result<Self> {
        let file = self.file.try_clone()?;
        Ok(Self { file })
    }

    /// Returns its descriptor.
    pub(super) fn into_descriptor(self) -> OwnedFd {
        self.file.into()
    }

    /// Returns the most informative last lines, without terminal escapes.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        telling::telling(&self.lines())
    }

    /// Returns all lines that are not empty, up to a limit from the end.
    pub(crate) fn lines(&self) -> Vec<String> {
        let lines = self.timed_lines().into_iter();
        lines.map(|line| line.text).collect()
    }

    /// Returns the same with their times.
    pub(crate) fn timed_lines(&self) -> Vec<TimedLine> {
        let length = self.file.metadata().map_or(0, |meta| meta.len());
        let begin = length.saturating_sub(LONGEST);
        let mut bytes = vec![0; usize::try_from(length - begin).unwrap_or(0)];
        let count = self.file.read_at(&mut bytes, begin).unwrap_or(0);
        let bytes = &bytes[..count];
        // The line before the limit is cut, and so may be its time.
        let first = bytes.iter().position(|&byte| byte == b'\n');
        let first = first.filter(|_| begin > 0).map_or(0, |at| at + 1);
        readable(&bytes[first..])
    }
}

fn readable(bytes: &[u8]) -> Vec<TimedLine> {
    let mut lines = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n') {
        let (at, line) = stamp::split(line);
        let text = String::from_utf8_lossy(line);
        let text = anstream::adapter::strip_str(&text).to_string();
        let pieces = text
            .split('\r')
            .map(|line| line.replace(char::is_control, " "));
        let pieces = pieces.map(|line| line.trim_end().chars().take(LONGEST_LINE).collect());
        let pieces = pieces.filter(|text: &String| !text.is_empty());
        lines.extend(pieces.map(|text| TimedLine { at, text }));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn colours_and_empty_lines_are_left_out() {
        let lines = readable(
            b"[\x1b[0;32m  OK  \x1b[0m] Started \x1b[0;1;39ma\x1b[0m.\r\n\r\nb\tc\x07\x1b[K\n",
        );
        let lines: Vec<_> = lines.iter().map(|line| line.text.as_str()).collect();
        assert_eq!(lines, ["[  OK  ] Started a.", "b c"]);
    }

    #[test]
    fn a_line_has_the_time_that_its_keeper_has_written() {
        let lines = readable(b"\x1e0000000000000007\x1fone\r\ntwo\n");
        let line = |at, text: &str| TimedLine {
            at,
            text: text.to_owned(),
        };
        let time = Some(Duration::from_micros(7));
        assert_eq!(lines, [line(time, "one"), line(None, "two")]);
    }

    #[test]
    fn only_the_last_lines_are_shown() {
        let console = Console::new().unwrap();
        let mut file = File::from(console.share().unwrap().into_descriptor());
        for number in 0..10_000 {
            writeln!(file, "line {number}").unwrap();
        }
        let lines = console.last_lines();
        assert_eq!(lines.len(), telling::MOST_LINES);
        assert_eq!(lines.last().unwrap(), "line 9999");
    }
}
