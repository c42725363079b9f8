//! What `/proc` says of a process or a thread on one line: its name, its state and its parent.
//! Looks at it only.
#![forbid(unsafe_code)]

use std::fmt::Display;

/// A process or a thread at one moment.
#[derive(Debug, PartialEq, Eq)]
pub struct Process {
    /// Its name, which it may have chosen itself.
    pub name: String,
    /// Its state, as a letter: `R` for running, `S` for sleeping, `Z` for a zombie.
    pub state: char,
    /// The process id of its parent.
    pub parent: i32,
}

impl Process {
    /// Returns the process with this id, if it exists.
    #[must_use]
    pub fn of(process: impl Display) -> Option<Self> {
        Self::read(&format!("/proc/{process}/stat"))
    }

    /// Returns the thread of a process, if it exists.
    #[must_use]
    pub fn of_thread(process: impl Display, thread: impl Display) -> Option<Self> {
        Self::read(&format!("/proc/{process}/task/{thread}/stat"))
    }

    /// Returns whether it has ended; it may still be a zombie.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X')
    }

    fn read(path: &str) -> Option<Self> {
        Self::parse(&std::fs::read(path).ok()?)
    }

    fn parse(stat: &[u8]) -> Option<Self> {
        // A name may be cut in the middle of a character.
        let text = String::from_utf8_lossy(stat);
        // The name, in parentheses, may contain any character.
        let (begin, rest) = text.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        Some(Self {
            name: begin.split_once(" (")?.1.to_owned(),
            state: fields.next()?.chars().next()?,
            parent: fields.next()?.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_hold_anything() {
        for (stat, name, state, parent) in [
            (&b"7 (sh) S 1 7 7 0\n"[..], "sh", 'S', 1),
            (b"7 (a) R 2 (b) Z 3 7\n", "a) R 2 (b", 'Z', 3),
            (b"7 (a b (c)) T 0 7\n", "a b (c)", 'T', 0),
            (b"7 (w\xc3) R 1 7\n", "w\u{fffd}", 'R', 1),
            (b"7 () R 1 7\n", "", 'R', 1),
        ] {
            let name = name.to_owned();
            let expected = Process {
                name,
                state,
                parent,
            };
            assert_eq!(Process::parse(stat), Some(expected));
        }
        for stat in [&b""[..], b"7 (sh", b"7 (sh) ", b"7 (sh) S", b"7 (sh) S x"] {
            assert_eq!(Process::parse(stat), None);
        }
    }

    #[test]
    fn this_process_lives_and_has_a_parent() {
        let own = Process::of("self").unwrap();
        assert!(!own.is_dead());
        assert_eq!(
            own.parent.cast_unsigned(),
            std::os::unix::process::parent_id()
        );
        let id = std::process::id();
        assert_eq!(Process::of_thread(id, id).unwrap().parent, own.parent);
        assert_eq!(Process::of(0), None);
    }
}
