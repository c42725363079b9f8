//! One impairment of a link: to which packets it is done, and what has come of it so far. The time is
//! given to it; keeps and sends no frame.

use super::draws::Draws;
use super::fate::{Arrival, Fate};
use super::way::Way;
use memchr::memmem;
use std::time::Duration;
use vm_test_protocol::filter::Mark;
use vm_test_protocol::impairment::{Action, CERTAIN, Event, Impairment, MOST_EVENTS, Tally, Which};
use vm_test_protocol::order::Direction;

const NANOS: u128 = 1_000_000_000;

/// An impairment that lasts.
#[derive(Debug)]
pub(super) struct Impaired {
    /// The node and the network of its link.
    link: (usize, usize),
    direction: Direction,
    impairment: Impairment,
    began: Duration,
    /// For each direction.
    lanes: [State; 2],
    tally: Tally,
}

/// What an impairment keeps of one direction.
#[derive(Debug)]
struct State {
    draws: Draws,
    /// Until when the link carries earlier packets, if it has a rate.
    busy_until: Duration,
}

impl Impaired {
    /// Begins an impairment. Of all of its link with the same seed, it has this number.
    pub(super) fn begin(
        link: (usize, usize),
        direction: Direction,
        impairment: Impairment,
        number: u64,
        now: Duration,
    ) -> Self {
        let seed = impairment.seed.unwrap_or_default();
        let state = |way: u64| State {
            draws: Draws::new(seed, 2 * number + way),
            busy_until: Duration::ZERO,
        };
        Self {
            link,
            direction,
            impairment,
            began: now,
            lanes: [state(0), state(1)],
            tally: Tally::default(),
        }
    }

    /// Returns whether it is for this direction of this link.
    pub(super) fn is_for(&self, link: (usize, usize), way: Way) -> bool {
        self.link == link && way.is_among(self.direction)
    }

    /// Returns whether it is for this network, and needs each packet in a frame of its own.
    pub(super) fn needs_single_packets(&self, network: usize) -> bool {
        let Impairment {
            packets,
            which,
            chance,
            action,
            ..
        } = &self.impairment;
        let is_for_all = *chance == CERTAIN
            && *which == Which::All
            && packets.length.is_none()
            && packets.contains.is_empty();
        let is_the_same_for_all = matches!(
            action,
            Action::Delay {
                jitter: Duration::ZERO,
                ..
            }
        );
        self.link.1 == network && !(is_for_all && is_the_same_for_all)
    }

    /// Returns the ports of untagged TCP packets that it may be about; `None` is any.
    pub(super) fn tcp_marks(&self) -> Option<Vec<Mark>> {
        self.impairment.packets.tcp_marks()
    }

    /// Returns whether it is of this link and has this seed.
    pub(super) fn has_seed(&self, link: (usize, usize), seed: Option<u64>) -> bool {
        self.link == link && self.impairment.seed == seed
    }

    /// Returns what has come of it so far.
    pub(super) fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Does it to a packet, if it is one of those that are meant.
    pub(super) fn judge(&mut self, arrival: &Arrival<'_>, way: Way, fate: &mut Fate) {
        let is_outgoing = way == Way::FromNode;
        let finds = |all: &[u8], part: &[u8]| memmem::find(all, part).is_some();
        let packets = &self.impairment.packets;
        if !packets.matches(&arrival.read, is_outgoing, finds) {
            return;
        }
        self.tally.matched += 1;
        let number = self.tally.matched;
        let is_meant = match self.impairment.which {
            Which::All => true,
            Which::First(count) => number <= count,
            Which::Every(step) => number.checked_rem(step) == Some(0),
            Which::Only(one) => number == one,
        };
        let state = match way {
            Way::FromNode => &mut self.lanes[0],
            Way::ToNode => &mut self.lanes[1],
        };
        if !is_meant || !state.draws.happens(self.impairment.chance) {
            return;
        }
        let is_kept = matches!(
            self.impairment.action,
            Action::Delay { .. } | Action::Rate { .. }
        );
        let limit = usize::try_from(self.impairment.limit).unwrap_or(usize::MAX);
        if is_kept && (arrival.is_full || arrival.waiting >= limit) {
            self.tally.overflowed += 1;
            fate.is_lost = true;
            return;
        }
        match self.impairment.action {
            Action::Lose => fate.is_lost = true,
            Action::Duplicate => fate.double(),
            Action::Reorder => fate.is_overtaken = true,
            Action::Corrupt => fate.corruption = Some(state.draws.draw()),
            Action::Delay { by, jitter } => {
                let range = u64::try_from(2 * jitter.as_nanos()).unwrap_or(u64::MAX);
                let more = if range == 0 {
                    Duration::ZERO
                } else {
                    Duration::from_nanos(state.draws.below(range.saturating_add(1)))
                };
                fate.due += (by + more).saturating_sub(jitter);
            }
            Action::Rate { bits } => {
                let sent = 8 * (arrival.length * fate.copies) as u128;
                let nanos = (sent * NANOS).div_ceil(u128::from(bits.max(1)));
                let takes = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
                fate.due = fate.due.max(state.busy_until) + takes;
                state.busy_until = fate.due;
            }
        }
        self.tally.hits += 1;
        if self.tally.events.len() < MOST_EVENTS {
            self.tally.events.push(Event {
                at: arrival.now.saturating_sub(self.began),
                number,
                is_outgoing,
                packet: arrival.read.to_string(),
            });
        }
    }
}

#[cfg(test)]
mod tests;
