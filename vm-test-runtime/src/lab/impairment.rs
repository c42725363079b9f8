//! What a test has done to the packets of a link, from its plan to its end: it lasts as long as its
//! guard. The lab's keeper does it.

use super::fault::{LinkError, Standing, or_panic};
use super::links::Link;
use super::tools::Filter;
use std::time::Duration;
use vm_test_protocol::filter;
use vm_test_protocol::impairment::{self, Action, CERTAIN, Tally, USUAL_LIMIT, Which};
use vm_test_protocol::order::Effect;

/// Something that can be done to the packets of a link. It is done from [`Impairment::begin`] on.
///
/// Without any of the methods that narrow it, it is done to all packets.
#[derive(Clone, Debug)]
#[must_use = "nothing is done to any packet until it begins"]
pub struct Impairment {
    link: Link,
    wanted: impairment::Impairment,
}

/// A link to whose packets something is done. Dropping it ends that, and the link is as before.
#[derive(Debug)]
#[must_use = "it ends when this is dropped"]
pub struct Impaired {
    fault: Standing,
}

/// A packet to which something was done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PacketEvent {
    /// When, since the impairment began.
    pub at: Duration,
    /// The packet's number among those that match, from 1.
    pub number: u64,
    /// Whether the node has sent it.
    pub is_outgoing: bool,
    /// What it was, in one line: protocol, addresses, ports, length, the beginning of its payload.
    pub packet: String,
}

impl Link {
    /// Delays packets by so much, in each direction. [`Impairment::jitter`] makes it vary.
    ///
    /// In each direction, [`Impairment::limit`] packets and 8 MiB wait at most, and 64 MiB in the
    /// whole lab; what comes after that is lost.
    pub fn delay(&self, by: Duration) -> Impairment {
        let jitter = Duration::ZERO;
        self.impair(Action::Delay { by, jitter })
    }

    /// Limits how many bits pass in a second, in each direction. A packet counts with the 14 bytes of
    /// its Ethernet header. As many wait as with [`Link::delay`].
    pub fn rate(&self, bits_per_second: u64) -> Impairment {
        let bits = bits_per_second;
        self.impair(Action::Rate { bits })
    }

    /// Loses packets, each with this chance in percent.
    pub fn loss(&self, percent: impl Into<f64>) -> Impairment {
        self.impair(Action::Lose).percent(percent)
    }

    /// Loses packets: all, or those that [`Impairment::matching`], [`Impairment::only`] and the like
    /// leave.
    pub fn lose(&self) -> Impairment {
        self.impair(Action::Lose)
    }

    /// Delivers packets twice, each with this chance in percent.
    pub fn duplicate(&self, percent: impl Into<f64>) -> Impairment {
        self.impair(Action::Duplicate).percent(percent)
    }

    /// Has packets overtaken by the next one, each with this chance in percent. If no other packet
    /// follows within 50 ms, it goes on without.
    pub fn reorder(&self, percent: impl Into<f64>) -> Impairment {
        self.impair(Action::Reorder).percent(percent)
    }

    /// Changes one bit of packets, each with this chance in percent. The checksums stay those of the
    /// packets as they were.
    pub fn corrupt(&self, percent: impl Into<f64>) -> Impairment {
        self.impair(Action::Corrupt).percent(percent)
    }

    fn impair(&self, action: Action) -> Impairment {
        Impairment {
            link: self.clone(),
            wanted: impairment::Impairment {
                packets: filter::Filter::default(),
                which: Which::All,
                chance: CERTAIN,
                action,
                seed: None,
                limit: USUAL_LIMIT,
            },
        }
    }
}

impl Impairment {
    /// Makes the delay of each packet differ by at most so much, up or down. Packets overtake each
    /// other then.
    ///
    /// # Panics
    /// If it is no delay.
    #[track_caller]
    pub fn jitter(mut self, most: Duration) -> Self {
        match &mut self.wanted.action {
            Action::Delay { jitter, .. } => *jitter = most,
            _ => panic!("cannot set a jitter: only a delay has one"),
        }
        self
    }

    /// Sets how many packets wait in each direction before others are lost, at most 100,000. Without
    /// this, 1000.
    ///
    /// # Panics
    /// If it is neither a delay nor a rate.
    #[track_caller]
    pub fn limit(mut self, packets: u32) -> Self {
        match self.wanted.action {
            Action::Delay { .. } | Action::Rate { .. } => self.wanted.limit = packets,
            _ => panic!("cannot set a limit: packets wait only for a delay or a rate"),
        }
        self
    }

    /// Sets the chance for each packet in percent, from 0 to 100.
    pub fn percent(mut self, percent: impl Into<f64>) -> Self {
        let millionths = (percent.into() * f64::from(CERTAIN) / 100.0).round();
        self.wanted.chance = if (0.0..=f64::from(CERTAIN)).contains(&millionths) {
            millionths as u32
        } else {
            // Refused when it begins.
            u32::MAX
        };
        self
    }

    /// Does it only to packets that match a filter.
    pub fn matching(mut self, filter: Filter) -> Self {
        self.wanted.packets = filter.into_wanted();
        self
    }

    /// Does it only to the first so many packets that match.
    pub fn first(mut self, count: u64) -> Self {
        self.wanted.which = Which::First(count);
        self
    }

    /// Does it only to each packet that matches whose number is a multiple of this one.
    pub fn every(mut self, count: u64) -> Self {
        self.wanted.which = Which::Every(count);
        self
    }

    /// Does it only to the packet that matches with this number, counted from 1.
    pub fn only(mut self, number: u64) -> Self {
        self.wanted.which = Which::Only(number);
        self
    }

    /// Sets what chances and variations are drawn from: with the same seed, the same of the packets
    /// that match are hit in each direction of a link. Without it, they depend on the names of the
    /// lab and the link only.
    pub fn seed(mut self, seed: u64) -> Self {
        self.wanted.seed = Some(seed);
        self
    }

    /// Does it from now on, until the guard is dropped.
    ///
    /// # Panics
    /// If there is no such node or network, or the node is not on it; see [`Impairment::try_begin`].
    #[track_caller]
    pub fn begin(self) -> Impaired {
        or_panic(self.try_begin())
    }

    /// Does it from now on, as [`Impairment::begin`] does.
    ///
    /// # Errors
    /// If there is no such node or network, the node is not on it, or a number is one that cannot
    /// be.
    pub fn try_begin(self) -> Result<Impaired, LinkError> {
        let Self { link, wanted } = self;
        let fault = link.begin(link.direction, Effect::Impair(Box::new(wanted)))?;
        Ok(Impaired { fault })
    }
}

impl Impaired {
    /// Returns to how many packets it was done so far.
    ///
    /// # Panics
    /// If the lab is gone.
    #[must_use]
    #[track_caller]
    pub fn hits(&self) -> u64 {
        self.tally().hits
    }

    /// Returns how many packets matched so far, whether it was done to them or not.
    ///
    /// # Panics
    /// If the lab is gone.
    #[must_use]
    #[track_caller]
    pub fn matched(&self) -> u64 {
        self.tally().matched
    }

    /// Returns how many packets were lost so far since too many waited for a delay or a rate.
    ///
    /// # Panics
    /// If the lab is gone.
    #[must_use]
    #[track_caller]
    pub fn overflowed(&self) -> u64 {
        self.tally().overflowed
    }

    /// Returns the packets to which it was done so far: the first 256.
    ///
    /// # Panics
    /// If the lab is gone.
    #[must_use]
    #[track_caller]
    pub fn events(&self) -> Vec<PacketEvent> {
        let events = self.tally().events.into_iter();
        events
            .map(|event| PacketEvent {
                at: event.at,
                number: event.number,
                is_outgoing: event.is_outgoing,
                packet: event.packet,
            })
            .collect()
    }

    /// Ends it. Packets that still wait for it go on at once.
    ///
    /// # Panics
    /// If the lab is gone.
    #[track_caller]
    pub fn mend(mut self) {
        or_panic(self.fault.end());
    }

    #[track_caller]
    fn tally(&self) -> Tally {
        or_panic(self.fault.tally())
    }
}

#[cfg(test)]
mod tests {
    use super::super::links::Place;
    use super::*;
    use crate::lab::tools::filter;
    use vm_test_protocol::order::Direction;

    fn link() -> Link {
        Link {
            place: Place::Here,
            direction: Direction::Both,
        }
    }

    #[test]
    fn a_plan_says_to_which_packets_of_which_direction_what_is_done() {
        let plan = link()
            .outgoing()
            .lose()
            .matching(filter().udp().to_port(4711))
            .only(3);
        assert_eq!(plan.link.direction, Direction::FromNode);
        assert_eq!(plan.wanted.packets.destination_port, Some(4711));
        assert_eq!(
            (plan.wanted.which, plan.wanted.chance),
            (Which::Only(3), CERTAIN)
        );
        let plan = link().incoming().delay(Duration::from_millis(5)).limit(7);
        let plan = plan.jitter(Duration::from_millis(1)).seed(9);
        assert_eq!(plan.link.direction, Direction::ToNode);
        assert_eq!((plan.wanted.limit, plan.wanted.seed), (7, Some(9)));
        let (by, jitter) = (Duration::from_millis(5), Duration::from_millis(1));
        assert_eq!(plan.wanted.action, Action::Delay { by, jitter });
    }

    #[test]
    fn percentages_may_have_fractions_and_others_are_left_for_the_host_to_refuse() {
        assert_eq!(link().loss(30).wanted.chance, 300_000);
        assert_eq!(link().loss(0.01).wanted.chance, 100);
        assert_eq!(link().loss(100).wanted.chance, CERTAIN);
        for wrong in [100.1, -1.0, f64::NAN, f64::INFINITY] {
            assert!(link().loss(wrong).wanted.chance > CERTAIN, "{wrong}");
        }
    }

    #[test]
    #[should_panic(expected = "cannot set a jitter: only a delay has one")]
    fn what_is_no_delay_has_no_jitter() {
        let _ = link().loss(1).jitter(Duration::ZERO);
    }

    #[test]
    #[should_panic(expected = "cannot set a limit: packets wait only for a delay or a rate")]
    fn where_no_packets_wait_there_is_no_limit() {
        let _ = link().loss(1).limit(1);
    }
}
