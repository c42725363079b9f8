//! One direction of a link in the relay: which frames go on at once, and which are kept for later.
//! Sends nothing.

use super::checksum;
use super::fate::Fate;
use super::faults::Treatment;
use super::queue::Queue;
use std::collections::VecDeque;
use std::time::Duration;

/// How much one direction of a link keeps, and all of a lab together, in bytes.
const MOST: usize = 8 << 20;
const MOST_IN_LAB: usize = 64 << 20;

/// What keeping a frame costs besides its bytes.
const OVERHEAD: usize = 64;

/// With so little room left, no frame is delayed any more: the longest one would not fit.
const LITTLE: usize = 1 << 17;

/// How much all lanes of a lab keep.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: usize,
}

/// One direction of a link.
///
/// Frames that find no room are lost, as in the queue of a switch: those that came first are kept,
/// in their order.
#[derive(Debug, Default)]
pub(super) struct Lane {
    treatment: Treatment,
    held: VecDeque<Box<[u8]>>,
    /// Frames that an impairment keeps for some time. They may be held after that.
    queue: Queue,
    /// What all of these cost.
    bytes: usize,
    /// How many held frames went on, and how many found no room, since this was last asked.
    delivered: u64,
    lost: u64,
}

impl Lane {
    /// Treats frames like this from now on. What is held stays so until [`Lane::next`] takes it, and
    /// what is delayed goes on with that once nothing impairs the link any more.
    pub(super) fn treat(&mut self, treatment: Treatment) {
        self.treatment = treatment;
        if !treatment.is_impaired {
            while let Some(frame) = self.queue.pop_early() {
                self.held.push_back(frame);
            }
        }
    }

    /// Returns whether something may be done to the frames, apart from losing or holding all.
    pub(super) fn is_impaired(&self) -> bool {
        self.treatment.is_impaired && !self.treatment.is_cut
    }

    /// Returns how many frames are delayed, and whether there is room for no more.
    pub(super) fn load(&self, kept: &Kept) -> (usize, bool) {
        let is_full = self.bytes + LITTLE > MOST || kept.bytes + LITTLE > MOST_IN_LAB;
        (self.queue.len(), is_full)
    }

    /// Takes a frame that has this fate; returns whether it goes on at once, as it is.
    pub(super) fn take(
        &mut self,
        frame: &[u8],
        fate: &Fate,
        now: Duration,
        kept: &mut Kept,
    ) -> bool {
        if self.treatment.is_cut || fate.is_lost {
            return false;
        }
        // Frames do not overtake each other.
        let is_first = self.held.is_empty() && self.queue.len() == 0;
        if fate.is_untouched(now) && !self.treatment.is_held && is_first {
            return true;
        }
        let mut frame: Box<[u8]> = frame.into();
        if let Some(draw) = fate.corruption
            && !checksum::corrupt(&mut frame, draw)
        {
            // It would reach nobody as it ought to.
            return false;
        }
        for _ in 1..fate.copies {
            self.keep(frame.clone(), fate, kept);
        }
        self.keep(frame, fate, kept);
        false
    }

    /// Keeps a frame, if there is room for it.
    fn keep(&mut self, frame: Box<[u8]>, fate: &Fate, kept: &mut Kept) {
        let cost = frame.len() + OVERHEAD;
        if self.bytes + cost > MOST || kept.bytes + cost > MOST_IN_LAB {
            self.lost += 1;
            return;
        }
        self.bytes += cost;
        kept.bytes += cost;
        if !self.treatment.is_impaired {
            self.held.push_back(frame);
        } else if fate.is_overtaken {
            self.queue.set_back(fate.due, frame);
        } else {
            self.queue.push(fate.due, frame);
        }
    }

    /// Returns the next of the delayed frames that goes on by now.
    pub(super) fn pop_due(&mut self, now: Duration, kept: &mut Kept) -> Option<Box<[u8]>> {
        loop {
            let frame = self.queue.pop(now)?;
            if self.treatment.is_cut {
                self.forget(frame.len(), kept);
            } else if self.treatment.is_held || !self.held.is_empty() {
                self.held.push_back(frame);
            } else {
                self.forget(frame.len(), kept);
                return Some(frame);
            }
        }
    }

    /// Returns when the next of the delayed frames is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        self.queue.next()
    }

    /// Returns the next of the held frames that goes on.
    pub(super) fn next(&mut self, kept: &mut Kept) -> Option<Box<[u8]>> {
        if self.treatment.is_held {
            return None;
        }
        if self.treatment.is_cut {
            self.discard_held(kept);
        }
        let frame = self.held.pop_front()?;
        self.forget(frame.len(), kept);
        self.delivered += 1;
        Some(frame)
    }

    /// Loses all that is kept.
    pub(super) fn discard(&mut self, kept: &mut Kept) {
        self.discard_held(kept);
        while let Some(frame) = self.queue.pop_early() {
            self.forget(frame.len(), kept);
        }
    }

    /// Loses all that is held.
    pub(super) fn discard_held(&mut self, kept: &mut Kept) {
        while let Some(frame) = self.held.pop_front() {
            self.forget(frame.len(), kept);
            self.lost += 1;
        }
    }

    /// Returns whether held frames wait to go on.
    pub(super) fn is_due(&self) -> bool {
        !self.treatment.is_held && !self.held.is_empty()
    }

    /// Returns how many held frames went on, and how many were lost, since this was last asked, if
    /// no more are held.
    pub(super) fn counts(&mut self) -> Option<[u64; 2]> {
        let counts = || [&mut self.delivered, &mut self.lost].map(std::mem::take);
        (!self.treatment.is_held).then(counts)
    }

    fn forget(&mut self, length: usize, kept: &mut Kept) {
        let cost = length + OVERHEAD;
        self.bytes -= cost;
        kept.bytes -= cost;
    }
}

#[cfg(test)]
mod tests;
