//! What a task has said and nobody has asked for: whole lines, or whole frames of a tool. Bounded;
//! asks nobody.

use std::collections::VecDeque;
use std::io;
use vm_test_protocol::frame::{self, FrameBuffer};
use vm_test_protocol::lab::{MOST_OUTPUT, MOST_UNREAD};
use vm_test_protocol::tool::Told;

/// What a part takes besides its bytes, so that many empty ones are bounded, too.
const OVERHEAD: usize = 32;

/// What is unread.
#[derive(Debug)]
pub(super) struct Unread {
    parts: VecDeque<Vec<u8>>,
    /// The size of all parts.
    size: usize,
    rest: Rest,
}

/// What is no whole part yet.
#[derive(Debug)]
enum Rest {
    Line(Vec<u8>),
    Frame(FrameBuffer),
}

impl Unread {
    /// Returns a place for lines.
    pub(super) fn lines() -> Self {
        Self::of(Rest::Line(Vec::new()))
    }

    /// Returns a place for frames.
    pub(super) fn frames() -> Self {
        Self::of(Rest::Frame(FrameBuffer::default()))
    }

    fn of(rest: Rest) -> Self {
        Self {
            parts: VecDeque::new(),
            size: 0,
            rest,
        }
    }

    /// Adds output. A line that is too long becomes several.
    ///
    /// # Errors
    /// If it should be frames of a tool, and is not.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut parts = Vec::new();
        match &mut self.rest {
            Rest::Line(line) => {
                for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
                    line.extend_from_slice(piece);
                    let is_whole = line.last() == Some(&b'\n');
                    if is_whole {
                        line.pop();
                    }
                    if is_whole || line.len() >= MOST_OUTPUT {
                        parts.push(std::mem::take(line));
                    }
                }
            }
            Rest::Frame(frames) => {
                frames.push(bytes);
                while let Some(told) = frames.pop::<Told>()? {
                    parts.push(frame::encode(&told)?);
                }
            }
        }
        for part in parts {
            self.size += part.len() + OVERHEAD;
            self.parts.push_back(part);
        }
        Ok(())
    }

    /// Adds the end of the output: what is left is a line, too.
    pub(super) fn finish(&mut self) {
        if let Rest::Line(line) = &mut self.rest
            && !line.is_empty()
        {
            self.size += line.len() + OVERHEAD;
            self.parts.push_back(std::mem::take(line));
        }
    }

    /// Returns the next part.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let part = self.parts.pop_front()?;
        self.size -= part.len() + OVERHEAD;
        Some(part)
    }

    /// Returns whether so much is unread that no more should come.
    pub(super) fn is_full(&self) -> bool {
        self.size >= MOST_UNREAD
    }

    /// Drops what is unread.
    pub(super) fn clear(&mut self) {
        self.parts.clear();
        self.size = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(unread: &mut Unread) -> Vec<String> {
        let parts = std::iter::from_fn(|| unread.next());
        parts.map(|part| String::from_utf8(part).unwrap()).collect()
    }

    #[test]
    fn lines_are_whole_whatever_the_pieces_and_the_last_one_needs_no_end() {
        for size in 1..20 {
            let mut unread = Unread::lines();
            for piece in b"first\n\nthird\nlast".chunks(size) {
                unread.push(piece).unwrap();
            }
            assert_eq!(all(&mut unread), ["first", "", "third"], "{size}");
            unread.finish();
            unread.finish();
            assert_eq!(all(&mut unread), ["last"]);
        }
    }

    #[test]
    fn a_line_without_end_comes_in_parts_and_empty_lines_have_their_size() {
        let mut unread = Unread::lines();
        for _ in 0..3 {
            unread.push(&vec![b'a'; MOST_OUTPUT / 2]).unwrap();
        }
        assert_eq!(unread.next().unwrap().len(), MOST_OUTPUT);
        assert_eq!(unread.next(), None);
        assert!(!unread.is_full());
        unread.push(&vec![b'\n'; MOST_UNREAD / OVERHEAD]).unwrap();
        assert!(unread.is_full());
        unread.clear();
        assert!(!unread.is_full());
    }

    #[test]
    fn frames_of_a_tool_come_as_they_were_sent_and_anything_else_is_refused() {
        let told = [Told::Ready(None), Told::Bytes(vec![7; 300]), Told::Over];
        let frames: Vec<_> = told
            .iter()
            .map(|told| frame::encode(told).unwrap())
            .collect();
        for size in [1, 7, 1000] {
            let mut unread = Unread::frames();
            for piece in frames.concat().chunks(size) {
                unread.push(piece).unwrap();
            }
            for frame in &frames {
                assert_eq!(unread.next().as_ref(), Some(frame));
            }
            assert_eq!(unread.next(), None);
        }
        for garbage in [&[0xff; 8][..], &[1, 0, 0, 0, 0xee]] {
            assert!(Unread::frames().push(garbage).is_err());
        }
    }
}
