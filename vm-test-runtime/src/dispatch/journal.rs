//! What the nodes of a lab have written, line by line with the times by this host's clock: for one log
//! of all nodes. Bounded; prints nothing.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};
use vm_test_protocol::record::{MOST_SAID, Said};

/// Longer lines are cut, in bytes.
const LONGEST: usize = 1 << 10;

/// What a line takes in a record besides its words, in bytes.
const OVERHEAD: usize = 24;

/// The lines of all nodes.
#[derive(Debug, Default)]
pub(super) struct Journal {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    lines: VecDeque<Said>,
    bytes: usize,
}

/// The two streams of one job on a node.
#[derive(Debug)]
pub(super) struct Lines {
    journal: Arc<Journal>,
    node: String,
    /// The beginnings of lines, of standard output and standard error.
    begun: [Vec<u8>; 2],
}

impl Journal {
    /// Returns what takes the output of a job on a node.
    pub(super) fn of(self: &Arc<Self>, node: &str) -> Lines {
        Lines {
            journal: Arc::clone(self),
            node: node.to_owned(),
            begun: Default::default(),
        }
    }

    /// Returns the lines of all nodes so far.
    pub(super) fn said(&self) -> Vec<Said> {
        self.lock().lines.iter().cloned().collect()
    }

    /// Adds a line; the oldest ones go if there are too many.
    fn add(&self, node: &str, line: &[u8]) {
        let at = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let said = Said {
            at: at.unwrap_or(Duration::ZERO),
            node: node.to_owned(),
            line: String::from_utf8_lossy(line).into_owned(),
        };
        let mut state = self.lock();
        state.bytes += size(&said);
        state.lines.push_back(said);
        while state.bytes > MOST_SAID
            && let Some(oldest) = state.lines.pop_front()
        {
            state.bytes -= size(&oldest);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn size(said: &Said) -> usize {
    said.node.len() + said.line.len() + OVERHEAD
}

impl Lines {
    /// Takes standard output.
    pub(super) fn out(&mut self, bytes: &[u8]) {
        self.hear(0, bytes);
    }

    /// Takes standard error.
    pub(super) fn err(&mut self, bytes: &[u8]) {
        self.hear(1, bytes);
    }

    fn hear(&mut self, stream: usize, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|&byte| byte == b'\n') {
            let begun = &mut self.begun[stream];
            let (piece, ends) = match piece.split_last() {
                Some((b'\n', line)) => (line, true),
                _ => (piece, false),
            };
            let room = LONGEST - begun.len();
            begun.extend(&piece[..piece.len().min(room)]);
            if ends {
                self.journal.add(&self.node, begun);
                begun.clear();
            }
        }
    }
}

/// Adds what was begun: the job has ended.
impl Drop for Lines {
    fn drop(&mut self) {
        for begun in self.begun.iter().filter(|begun| !begun.is_empty()) {
            self.journal.add(&self.node, begun);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(journal: &Journal) -> Vec<(String, String)> {
        let said = journal.said().into_iter();
        said.map(|said| (said.node, said.line)).collect()
    }

    #[test]
    fn lines_are_whole_whatever_the_pieces_and_each_job_has_its_own() {
        let journal = Arc::new(Journal::default());
        let (mut one, mut other) = (journal.of("gw"), journal.of("a"));
        one.out(b"fir");
        one.err(b"error\r\n");
        other.out(b"between\nand");
        one.out(b"st\n");
        drop((one, other));
        let expected = [
            ("gw", "error"),
            ("a", "between"),
            ("gw", "first"),
            ("a", "and"),
        ];
        let expected = expected.map(|(node, line)| (node.to_owned(), line.to_owned()));
        assert_eq!(lines(&journal), expected);
        let times: Vec<_> = journal.said().iter().map(|said| said.at).collect();
        assert!(times.is_sorted() && !times[0].is_zero());
    }

    #[test]
    fn a_node_that_writes_without_end_takes_no_more_memory_than_others() {
        let journal = Arc::new(Journal::default());
        let mut endless = journal.of("gw");
        for _ in 0..100 {
            endless.out(&[b'x'; 1 << 16]);
        }
        endless.out(b"\n");
        assert_eq!(journal.said()[0].line.len(), LONGEST);
        for number in 0..MOST_SAID {
            endless.out(format!("{number}\n").as_bytes());
        }
        let said = journal.said();
        assert!(said.iter().map(size).sum::<usize>() <= MOST_SAID);
        assert_eq!(said.last().unwrap().line, (MOST_SAID - 1).to_string());
    }
}
