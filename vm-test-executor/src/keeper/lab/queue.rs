//! Frames that wait in one direction of a link until they are due, and those that let another one
//! overtake them. The time is given to it; it has no limits of its own.

use std::cmp::{Ordering, Reverse};
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// How long a frame waits for another one to overtake it.
const PATIENCE: Duration = Duration::from_millis(50);

/// Frames that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    delayed: BinaryHeap<Reverse<Delayed>>,
    /// Those that wait for the next one, each with its own time.
    overtaken: VecDeque<(Duration, Box<[u8]>)>,
    given: u64,
}

/// A frame and when it is due. Of frames that are due at the same time, the first that came is less.
#[derive(Debug)]
struct Delayed {
    due: Duration,
    number: u64,
    frame: Box<[u8]>,
}

impl Queue {
    /// Has a frame wait until it is due, and those that wait for it until just after that.
    pub(super) fn push(&mut self, due: Duration, frame: Box<[u8]>) {
        self.delay(due, frame);
        while let Some((own, frame)) = self.overtaken.pop_front() {
            self.delay(own.max(due), frame);
        }
    }

    /// Has a frame wait until the next one has gone on, but not for long.
    pub(super) fn set_back(&mut self, due: Duration, frame: Box<[u8]>) {
        self.overtaken.push_back((due, frame));
    }

    /// Returns a frame that is due.
    pub(super) fn pop(&mut self, now: Duration) -> Option<Box<[u8]>> {
        while let Some((due, _)) = self.overtaken.front()
            && *due + PATIENCE <= now
            && let Some((due, frame)) = self.overtaken.pop_front()
        {
            self.delay(due + PATIENCE, frame);
        }
        let is_due = self.delayed.peek()?.0.due <= now;
        is_due.then(|| self.delayed.pop()).flatten().map(of_entry)
    }

    /// Returns the frame that would go on next, whether it is due or not.
    pub(super) fn pop_early(&mut self) -> Option<Box<[u8]>> {
        while let Some((due, frame)) = self.overtaken.pop_front() {
            self.delay(due, frame);
        }
        self.delayed.pop().map(of_entry)
    }

    /// Returns when something is due.
    pub(super) fn next(&self) -> Option<Duration> {
        let delayed = self.delayed.peek().map(|entry| entry.0.due);
        let overtaken = self.overtaken.front().map(|(due, _)| *due + PATIENCE);
        match (delayed, overtaken) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Returns how many frames wait.
    pub(super) fn len(&self) -> usize {
        self.delayed.len() + self.overtaken.len()
    }

    fn delay(&mut self, due: Duration, frame: Box<[u8]>) {
        self.given += 1;
        self.delayed.push(Reverse(Delayed {
            due,
            number: self.given,
            frame,
        }));
    }
}

fn of_entry(entry: Reverse<Delayed>) -> Box<[u8]> {
    entry.0.frame
}

impl Delayed {
    fn key(&self) -> (Duration, u64) {
        (self.due, self.number)
    }
}

impl PartialEq for Delayed {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for Delayed {}

impl PartialOrd for Delayed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Delayed {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    /// Returns all frames that are due, as their first bytes.
    fn due(queue: &mut Queue, now: u64) -> Vec<u8> {
        let mut due = Vec::new();
        while let Some(frame) = queue.pop(millis(now)) {
            due.push(frame[0]);
        }
        due
    }

    #[test]
    fn frames_go_on_when_they_are_due_and_in_the_order_of_their_times() {
        let mut queue = Queue::default();
        for (at, byte) in [(20, 1), (10, 2), (20, 3), (30, 4)] {
            queue.push(millis(at), Box::new([byte]));
        }
        assert_eq!((queue.len(), queue.next()), (4, Some(millis(10))));
        assert_eq!(due(&mut queue, 9), [0; 0]);
        assert_eq!(due(&mut queue, 20), [2, 1, 3]);
        assert_eq!(queue.next(), Some(millis(30)));
        assert_eq!(queue.pop_early().as_deref(), Some(&[4][..]));
        assert_eq!((queue.len(), queue.next()), (0, None));
    }

    #[test]
    fn a_frame_that_is_overtaken_goes_on_after_the_next_one_or_when_none_comes() {
        let mut queue = Queue::default();
        queue.set_back(millis(0), Box::new([1]));
        queue.set_back(millis(1), Box::new([2]));
        assert_eq!(queue.next(), Some(PATIENCE));
        assert_eq!(due(&mut queue, 49), [0; 0]);
        queue.push(millis(49), Box::new([3]));
        assert_eq!(due(&mut queue, 49), [3, 1, 2]);
        queue.set_back(millis(60), Box::new([4]));
        assert_eq!(due(&mut queue, 109), [0; 0]);
        assert_eq!(due(&mut queue, 110), [4]);
        // A delay of its own is kept.
        queue.set_back(millis(300), Box::new([5]));
        queue.push(millis(120), Box::new([6]));
        assert_eq!(due(&mut queue, 299), [6]);
        assert_eq!(due(&mut queue, 300), [5]);
        queue.set_back(millis(400), Box::new([7]));
        assert_eq!(queue.pop_early().as_deref(), Some(&[7][..]));
    }
}
