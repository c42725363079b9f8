//! What becomes of one frame of a link with impairments, and what is known of it when that is
//! decided. Decides nothing.

use std::time::Duration;
use vm_test_protocol::dissection::Dissection;

/// The most copies of a frame that go on: four faults can each double it.
const MOST_COPIES: usize = 16;

/// A frame that has come in.
#[derive(Debug)]
pub(super) struct Arrival<'a> {
    /// When, since the relay began.
    pub(super) now: Duration,
    /// What it says of itself.
    pub(super) read: Dissection<'a>,
    /// Its length in bytes, without the header of the socket.
    pub(super) length: usize,
    /// How many frames wait before it in this direction.
    pub(super) waiting: usize,
    /// Whether no more bytes can wait there.
    pub(super) is_full: bool,
}

/// What becomes of a frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) is_lost: bool,
    pub(super) copies: usize,
    /// A draw that says which bit is changed.
    pub(super) corruption: Option<u64>,
    /// Whether it goes on after the next frame.
    pub(super) is_overtaken: bool,
    /// When it goes on, since the relay began.
    pub(super) due: Duration,
}

impl Fate {
    /// Returns the fate of a frame to which nothing is done.
    pub(super) fn untouched(now: Duration) -> Self {
        Self {
            is_lost: false,
            copies: 1,
            corruption: None,
            is_overtaken: false,
            due: now,
        }
    }

    /// Doubles the frame.
    pub(super) fn double(&mut self) {
        self.copies = (self.copies * 2).min(MOST_COPIES);
    }

    /// Returns whether nothing is done to the frame.
    pub(super) fn is_untouched(&self, now: Duration) -> bool {
        *self == Self::untouched(now)
    }
}
