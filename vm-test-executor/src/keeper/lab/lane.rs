//! One direction of a link in the relay: which frames go on at once, and which are kept for later.
//! Sends nothing.

use super::faults::Treatment;
use std::collections::VecDeque;

/// How much one direction of a link keeps, and all of a lab together, in bytes.
const MOST: usize = 8 << 20;
const MOST_IN_LAB: usize = 64 << 20;

/// What keeping a frame costs besides its bytes.
const OVERHEAD: usize = 64;

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
    bytes: usize,
    /// How many held frames went on, and how many found no room, since this was last asked.
    delivered: u64,
    lost: u64,
}

impl Lane {
    /// Treats frames like this from now on. What is held stays so until [`Lane::next`] takes it.
    pub(super) fn treat(&mut self, treatment: Treatment) {
        self.treatment = treatment;
    }

    /// Takes a frame; returns whether it goes on at once.
    pub(super) fn take(&mut self, frame: &[u8], kept: &mut Kept) -> bool {
        if self.treatment.is_cut {
            return false;
        }
        // Frames do not overtake each other.
        if !self.treatment.is_held && self.held.is_empty() {
            return true;
        }
        let cost = frame.len() + OVERHEAD;
        if self.bytes + cost > MOST || kept.bytes + cost > MOST_IN_LAB {
            self.lost += 1;
            return false;
        }
        self.bytes += cost;
        kept.bytes += cost;
        self.held.push_back(frame.into());
        false
    }

    /// Returns the next of the held frames that goes on.
    pub(super) fn next(&mut self, kept: &mut Kept) -> Option<Box<[u8]>> {
        if self.treatment.is_held {
            return None;
        }
        if self.treatment.is_cut {
            self.discard(kept);
        }
        let frame = self.held.pop_front()?;
        self.forget(frame.len(), kept);
        self.delivered += 1;
        Some(frame)
    }

    /// Loses all that is held.
    pub(super) fn discard(&mut self, kept: &mut Kept) {
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
mod tests {
    use super::*;

    const PASS: Treatment = Treatment {
        is_cut: false,
        is_held: false,
    };
    const HOLD: Treatment = Treatment {
        is_held: true,
        ..PASS
    };

    #[test]
    fn held_frames_go_on_in_their_order_and_before_later_ones() {
        let (mut lane, mut kept) = (Lane::default(), Kept::default());
        assert!(lane.take(b"at once", &mut kept));
        lane.treat(HOLD);
        for frame in [b"1", b"2"] {
            assert!(!lane.take(frame, &mut kept));
        }
        assert_eq!(lane.next(&mut kept), None);
        lane.treat(PASS);
        assert!(lane.is_due());
        assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"1"[..]));
        assert!(!lane.take(b"3", &mut kept));
        assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"2"[..]));
        assert_eq!(lane.next(&mut kept).as_deref(), Some(&b"3"[..]));
        assert!(lane.take(b"4", &mut kept));
        assert_eq!(lane.counts(), Some([3, 0]));
        assert_eq!(lane.counts(), Some([0, 0]));
        assert_eq!((lane.bytes, kept.bytes), (0, 0));
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_first_frames_stay() {
        let (mut lanes, mut kept) = (Vec::new(), Kept::default());
        let mut frame = vec![0; (1 << 20) - OVERHEAD];
        for _ in 0..10 {
            let mut lane = Lane::default();
            lane.treat(HOLD);
            for number in 0..20 {
                frame[0] = number;
                lane.take(&frame, &mut kept);
            }
            lanes.push(lane);
        }
        let held = |lane: &Lane| lane.held.len();
        assert_eq!(lanes.iter().map(held).sum::<usize>(), 64);
        assert_eq!(held(&lanes[0]), 8);
        assert_eq!(lanes[0].held.back().unwrap()[0], 7);
        assert_eq!(held(&lanes[9]), 0);
        assert_eq!(lanes[9].counts(), None);
        lanes[0].discard(&mut kept);
        assert!(!lanes[9].take(&frame, &mut kept));
        assert_eq!(held(&lanes[9]), 1);
    }

    #[test]
    fn a_link_that_is_cut_loses_what_it_has_held_once_it_holds_no_more() {
        let (mut lane, mut kept) = (Lane::default(), Kept::default());
        lane.treat(HOLD);
        assert!(!lane.take(b"1", &mut kept));
        lane.treat(Treatment {
            is_cut: true,
            ..HOLD
        });
        assert!(!lane.take(b"2", &mut kept));
        assert!(!lane.is_due());
        lane.treat(Treatment {
            is_cut: true,
            ..PASS
        });
        assert!(lane.is_due());
        assert_eq!(lane.next(&mut kept), None);
        assert!(!lane.is_due());
        assert_eq!(lane.counts(), Some([0, 1]));
    }
}
