//! The links of a lab that are in the relay, and what carries their frames. Moves no link.

use super::diverted::Diverted;
use super::faults::Faults;
use super::lane::Kept;
use super::segment::{Means, Segment};
use super::shortcuts::Shortcuts;
use super::stations::{Address, Place};
use super::timer::Timer;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;
use vm_test_sys::batch::{self, Batch};

/// How many frames are carried before somebody else may use the relay.
pub(super) const AT_ONCE: usize = batch::MOST;

/// The interface of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// The name of the end that is here.
    pub(super) name: String,
    /// The hardware address that the node's end had at first, if that is known.
    pub(super) hardware: Option<Address>,
}

/// All that the relay works with.
#[derive(Debug)]
pub(super) struct Relayed {
    pub(super) faults: Faults,
    pub(super) diverted: Diverted,
    pub(super) segments: BTreeMap<usize, Segment>,
    /// The interfaces of all links, in the relay or not, by network and node.
    pub(super) interfaces: BTreeMap<(usize, usize), Interface>,
    pub(super) kept: Kept,
    /// What the kernel hands on by itself, by network.
    pub(super) shortcuts: BTreeMap<usize, Shortcuts>,
    /// The kernel cannot do that.
    pub(super) has_no_shortcuts: bool,
    batch: Batch,
    timer: Timer,
}

impl Relayed {
    /// Returns a relay that carries nothing so far.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            faults: Faults::default(),
            diverted: Diverted::default(),
            segments: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            kept: Kept::default(),
            shortcuts: BTreeMap::new(),
            has_no_shortcuts: false,
            batch: Batch::new(),
            timer: Timer::new()?,
        })
    }

    /// Returns what is readable when a delayed frame is due.
    pub(super) fn timer(&self) -> BorrowedFd<'_> {
        self.timer.as_fd()
    }

    /// Returns the time, since the relay began.
    pub(super) fn now(&self) -> Duration {
        self.timer.now()
    }

    /// Takes note that the timer has woken the relay.
    pub(super) fn has_woken(&mut self) {
        self.timer.has_woken();
    }

    /// Returns the segments, and what they need to carry frames.
    fn parts(&mut self) -> (&mut BTreeMap<usize, Segment>, &mut Batch, Means<'_>) {
        let means = Means {
            faults: &mut self.faults,
            diverted: &self.diverted,
            kept: &mut self.kept,
            now: self.timer.now(),
        };
        (&mut self.segments, &mut self.batch, means)
    }

    /// Knows the interface of a link from now on.
    pub(super) fn know_link(&mut self, node: usize, network: usize, interface: Interface) {
        self.interfaces.insert((network, node), interface);
    }

    /// Knows no link of this node to this network any more.
    pub(super) fn forget_link(&mut self, node: usize, network: usize) {
        self.interfaces.remove(&(network, node));
        if let Some(segment) = self.segments.get_mut(&network) {
            segment.remove(node, &mut self.kept);
        }
    }

    /// Carries frames that have come in at a place; returns how many.
    pub(super) fn serve(&mut self, network: usize, place: Place, most: usize) -> usize {
        let (segments, batch, mut means) = self.parts();
        let Some(segment) = segments.get_mut(&network) else {
            return 0;
        };
        match (segment.serve(place, most, batch, &mut means), place) {
            (Ok(count), _) => count,
            (Err(_), Place::Node(node)) => {
                // The node is gone, and its interface with it.
                segment.remove(node, means.kept);
                0
            }
            (Err(_), Place::Bridge) => 0,
        }
    }

    /// Treats the frames of each link as the faults say.
    pub(super) fn treat(&mut self) {
        for segment in self.segments.values_mut() {
            segment.treat(&self.faults);
        }
    }

    /// Lets some of the held frames go on; returns whether more are due.
    pub(super) fn release(&mut self) -> bool {
        let (segments, _, mut means) = self.parts();
        let mut is_due = false;
        for segment in segments.values_mut() {
            is_due |= segment.release(AT_ONCE, &mut means);
        }
        is_due
    }

    /// Lets delayed frames that are due go on, or a part of them, and sets the timer to the next.
    pub(super) fn send_due(&mut self) {
        let (segments, _, mut means) = self.parts();
        for segment in segments.values_mut() {
            segment.send_due(AT_ONCE, &mut means);
        }
        let next = self.segments.values().filter_map(Segment::next_due).min();
        self.timer.wake_at(next);
    }

    /// Loses all frames that are due.
    pub(super) fn discard_due(&mut self) {
        for segment in self.segments.values_mut() {
            segment.discard_due(&mut self.kept);
        }
    }

    /// Returns how many held frames went on, and how many were lost, since this was last asked.
    pub(super) fn counts(&mut self) -> [u64; 2] {
        self.segments.values_mut().fold([0; 2], |sum, segment| {
            let counts = segment.counts();
            [sum[0] + counts[0], sum[1] + counts[1]]
        })
    }
}

/// Returns the number by which the kernel reports frames at a place.
pub(super) fn token(network: usize, place: Place) -> io::Result<u64> {
    let place = match place {
        Place::Bridge => 0,
        Place::Node(node) => node + 1,
    };
    let half = |number: usize| u32::try_from(number).map_err(|_| ErrorKind::InvalidInput);
    Ok(u64::from(half(network)?) << 32 | u64::from(half(place)?))
}

/// Returns the place that a number stands for.
pub(super) fn of_token(token: u64) -> (usize, Place) {
    let half = |half: u64| usize::try_from(half & u64::from(u32::MAX)).unwrap_or(usize::MAX);
    let place = match half(token) {
        0 => Place::Bridge,
        node => Place::Node(node - 1),
    };
    (half(token >> 32), place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_known_by_its_number() {
        for (network, place) in [
            (0, Place::Bridge),
            (15, Place::Node(0)),
            (3, Place::Node(31)),
        ] {
            let token = token(network, place).unwrap();
            assert_eq!(of_token(token), (network, place));
        }
    }
}
