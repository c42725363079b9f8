//! The end of a guest's output, for later reports. Bounded in size.

use vm_test_protocol::record::MOST_OUTPUT;

/// The last bytes of both streams, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Tail {
    bytes: Vec<u8>,
}

impl Tail {
    /// Adds bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        // Not at every push, since each would move everything that is kept.
        if self.bytes.len() > 2 * MOST_OUTPUT {
            self.bytes.drain(..self.bytes.len() - MOST_OUTPUT);
        }
    }

    /// Returns what is kept.
    pub(super) fn to_vec(&self) -> Vec<u8> {
        self.bytes[self.bytes.len().saturating_sub(MOST_OUTPUT)..].to_vec()
    }

    /// Returns the last lines that are not empty, without terminal escapes.
    pub(super) fn last_lines(&self, most: usize, longest: usize) -> Vec<String> {
        let begin = self.bytes.len().saturating_sub(most * longest * 4);
        let text = String::from_utf8_lossy(&self.bytes[begin..]);
        let mut lines: Vec<String> = text
            .lines()
            .rev()
            .map(|line| line.replace(char::is_control, " "))
            .filter(|line| !line.trim().is_empty())
            .take(most)
            .map(|line| line.chars().take(longest).collect())
            .collect();
        lines.reverse();
        lines
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_end_is_kept_and_it_is_the_end() {
        let mut tail = Tail::default();
        for number in 0..200_000 {
            tail.push(format!("{number}\n").as_bytes());
        }
        assert_eq!(tail.to_vec().len(), MOST_OUTPUT);
        assert!(tail.to_vec().ends_with(b"\n199999\n"));
        assert_eq!(tail.last_lines(2, 80), ["199998", "199999"]);
    }

    #[test]
    fn lines_that_say_nothing_are_left_out_and_long_ones_are_cut() {
        let mut tail = Tail::default();
        tail.push(b"first\n\n \nab\x1bcd");
        assert_eq!(tail.last_lines(5, 3), ["fir", "ab "]);
    }
}
