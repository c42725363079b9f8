//! Counts the bytes read from an archive and stops at the limits.
//!
//! Does not interpret them.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

/// How many bytes may lie between the contents of two entries: headers and padding.
const MOST_BETWEEN: u64 = 4 << 20;

/// Which limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exceeded {
    /// The limit of all bytes.
    Whole,
    /// The limit of bytes between the contents of two entries.
    Between,
}

/// The byte counts.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    left: Cell<u64>,
    between: Cell<Option<u64>>,
    ended: Cell<bool>,
    exceeded: Cell<Option<Exceeded>>,
}

impl Gauge {
    /// Counts what follows as lying between contents.
    pub(super) fn between(&self) {
        self.between.set(Some(MOST_BETWEEN));
    }

    /// Counts what follows as an entry's content.
    pub(super) fn content(&self) {
        self.between.set(None);
    }

    /// Returns whether the last read found the end.
    pub(super) fn ended(&self) -> bool {
        self.ended.get()
    }

    /// Returns the limit that was reached, if any.
    pub(super) fn exceeded(&self) -> Option<Exceeded> {
        self.exceeded.get()
    }
}

/// A reader that counts what is read.
pub(super) struct Meter<R> {
    inner: R,
    gauge: Rc<Gauge>,
}

impl<R: Read> Meter<R> {
    /// Wraps `inner`, from which at most `most` bytes may be read.
    pub(super) fn new(inner: R, most: u64) -> (Self, Rc<Gauge>) {
        let gauge = Rc::new(Gauge::default());
        gauge.left.set(most);
        let same = Rc::clone(&gauge);
        (Self { inner, gauge }, same)
    }
}

impl<R: Read> Read for Meter<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        let gauge = &self.gauge;
        gauge.ended.set(length == 0 && !buffer.is_empty());
        let stop = |exceeded| {
            gauge.exceeded.set(Some(exceeded));
            Err(io::Error::other("a limit is reached"))
        };
        let count = length as u64;
        match gauge.left.get().checked_sub(count) {
            Some(left) => gauge.left.set(left),
            None => return stop(Exceeded::Whole),
        }
        if let Some(between) = gauge.between.get() {
            match between.checked_sub(count) {
                Some(left) => gauge.between.set(Some(left)),
                None => return stop(Exceeded::Between),
            }
        }
        Ok(length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_at_the_limit_that_counts() {
        let (mut meter, gauge) = Meter::new(io::repeat(0), 10 << 20);
        gauge.between();
        assert!(io::copy(&mut meter, &mut io::sink()).is_err());
        assert_eq!(gauge.exceeded(), Some(Exceeded::Between));
        let (mut meter, gauge) = Meter::new(io::repeat(0), 10 << 20);
        gauge.content();
        assert!(io::copy(&mut meter, &mut io::sink()).is_err());
        assert_eq!(gauge.exceeded(), Some(Exceeded::Whole));
    }

    #[test]
    fn the_end_is_seen() {
        let (mut meter, gauge) = Meter::new(&b"abc"[..], 3);
        io::copy(&mut meter, &mut io::sink()).unwrap();
        assert!(gauge.ended() && gauge.exceeded().is_none());
    }
}
