//! The faults of a lab's networks at this moment, and what they mean for each link, each frame and
//! each pair of nodes. Keeps no frame.

use super::fate::{Arrival, Fate};
use super::impaired::Impaired;
use super::messages::Fault;
use super::stations::Place;
use super::way::Way;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use vm_test_protocol::filter::Mark;
use vm_test_protocol::impairment::Tally;
use vm_test_protocol::order::Effect;

/// How many faults there may be at a time.
const MOST: usize = 256;

/// All faults, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Faults {
    standing: BTreeMap<u64, Fault>,
    /// What those that impair a link keep, in the order in which they began.
    impaired: BTreeMap<u64, Impaired>,
    given: u64,
}

/// What becomes of the frames of one direction of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Treatment {
    /// New frames are lost.
    pub(super) is_cut: bool,
    /// Frames that are not lost are kept.
    pub(super) is_held: bool,
    /// Something may be done to each frame.
    pub(super) is_impaired: bool,
}

impl Faults {
    /// Adds a fault that begins now; returns its number, or `None` if there are too many.
    pub(super) fn add(&mut self, fault: Fault, now: Duration) -> Option<u64> {
        if self.standing.len() >= MOST {
            return None;
        }
        self.given += 1;
        if let Fault::Link {
            node,
            network,
            direction,
            effect: Effect::Impair(impairment),
        } = &fault
        {
            let link = (*node, *network);
            let alike = self.impaired.values();
            let alike = alike.filter(|other| other.has_seed(link, impairment.seed));
            let number = alike.count() as u64;
            let impaired = Impaired::begin(link, *direction, (**impairment).clone(), number, now);
            self.impaired.insert(self.given, impaired);
        }
        self.standing.insert(self.given, fault);
        Some(self.given)
    }

    /// Removes the fault with this number; returns whether there was one.
    pub(super) fn remove(&mut self, number: u64) -> bool {
        self.impaired.remove(&number);
        self.standing.remove(&number).is_some()
    }

    /// Returns what becomes of the frames of a link in one direction.
    pub(super) fn treatment(&self, node: usize, network: usize, way: Way) -> Treatment {
        let has = |sought: fn(&Effect) -> bool| {
            self.standing.values().any(|fault| match fault {
                Fault::Link {
                    node: its_node,
                    network: its_network,
                    direction,
                    effect,
                } => {
                    (*its_node, *its_network) == (node, network)
                        && way.is_among(*direction)
                        && sought(effect)
                }
                Fault::Partition { .. } => false,
            })
        };
        Treatment {
            is_cut: has(|effect| *effect == Effect::Cut),
            is_held: has(|effect| *effect == Effect::Hold),
            is_impaired: has(|effect| matches!(effect, Effect::Impair(_))),
        }
    }

    /// Returns what becomes of one frame of a link in one direction, and counts it.
    pub(super) fn judge(&mut self, link: (usize, usize), way: Way, arrival: &Arrival<'_>) -> Fate {
        let mut fate = Fate::untouched(arrival.now);
        for impaired in self.impaired.values_mut() {
            if impaired.is_for(link, way) {
                impaired.judge(arrival, way, &mut fate);
            }
            if fate.is_lost {
                break;
            }
        }
        fate
    }

    /// Returns what has come of the impairment with this number.
    pub(super) fn tally(&self, number: u64) -> Option<&Tally> {
        self.impaired.get(&number).map(Impaired::tally)
    }

    /// Returns whether links of this network need each packet in a frame of its own.
    pub(super) fn need_single_packets(&self, network: usize) -> bool {
        let mut impaired = self.impaired.values();
        impaired.any(|impaired| impaired.needs_single_packets(network))
    }

    /// Returns what untagged TCP packets from one place on a network to another have if a fault may
    /// be about them: one of these marks. `None` is any packet.
    pub(super) fn tcp_marks(
        &self,
        network: usize,
        from: Place,
        to: Place,
    ) -> Option<BTreeSet<Mark>> {
        if let (Place::Node(one), Place::Node(other)) = (from, to)
            && self.separate(one, other)
        {
            return None;
        }
        let mut marks = BTreeSet::new();
        for (number, fault) in &self.standing {
            let Fault::Link {
                node,
                network: its_network,
                direction,
                ..
            } = fault
            else {
                continue;
            };
            let here = Place::Node(*node);
            let is_about = here == from && Way::FromNode.is_among(*direction)
                || here == to && Way::ToNode.is_among(*direction);
            if *its_network == network && is_about {
                marks.extend(self.impaired.get(number)?.tcp_marks()?);
            }
        }
        Some(marks)
    }

    /// Returns whether no frame may pass between two nodes.
    pub(super) fn separate(&self, one: usize, other: usize) -> bool {
        self.standing.values().any(|fault| match fault {
            Fault::Partition { groups } => {
                let group_of = |node| groups.iter().position(|group| group.contains(&node));
                let (one, other) = (group_of(one), group_of(other));
                one.is_some() && other.is_some() && one != other
            }
            Fault::Link { .. } => false,
        })
    }

    /// Returns whether the link of a node to a network needs more than a bridge, given the other
    /// nodes on that network.
    pub(super) fn concern(&self, node: usize, network: usize, others: &[usize]) -> bool {
        [Way::FromNode, Way::ToNode]
            .iter()
            .any(|way| self.treatment(node, network, *way) != Treatment::default())
            || others.iter().any(|other| self.separate(node, *other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use vm_test_protocol::dissection::Dissection;
    use vm_test_protocol::filter::Filter;
    use vm_test_protocol::impairment::{Action, CERTAIN, Impairment, Which};
    use vm_test_protocol::order::Direction;

    const START: Duration = Duration::ZERO;

    fn link(node: usize, direction: Direction, effect: Effect) -> Fault {
        Fault::Link {
            node,
            network: 0,
            direction,
            effect,
        }
    }

    #[test]
    fn faults_of_one_link_add_up_and_each_is_mended_alone() {
        let mut faults = Faults::default();
        let held = faults
            .add(link(1, Direction::Both, Effect::Hold), START)
            .unwrap();
        let cut = faults
            .add(link(1, Direction::FromNode, Effect::Cut), START)
            .unwrap();
        let of = |faults: &Faults, node, network, way| {
            let treatment = faults.treatment(node, network, way);
            (treatment.is_cut, treatment.is_held)
        };
        let now = |faults: &Faults| [Way::FromNode, Way::ToNode].map(|way| of(faults, 1, 0, way));
        assert_eq!(now(&faults), [(true, true), (false, true)]);
        assert_eq!(of(&faults, 1, 1, Way::ToNode), (false, false));
        assert_eq!(of(&faults, 2, 0, Way::ToNode), (false, false));
        assert!(faults.remove(held));
        assert!(!faults.remove(held));
        assert_eq!(now(&faults), [(true, false), (false, false)]);
        assert!(faults.concern(1, 0, &[2]));
        assert!(!faults.concern(2, 0, &[1]));
        assert!(faults.remove(cut));
        assert_eq!(now(&faults), [(false, false); 2]);
    }

    #[test]
    fn a_partition_separates_what_is_in_different_groups_and_nothing_else() {
        let mut faults = Faults::default();
        let groups = vec![vec![0, 1], vec![2], vec![3]];
        let number = faults.add(Fault::Partition { groups }, START).unwrap();
        for (one, other, separated) in [
            (0, 1, false),
            (0, 2, true),
            (3, 2, true),
            (1, 3, true),
            (0, 4, false),
            (4, 5, false),
        ] {
            assert_eq!(faults.separate(one, other), separated, "{one} {other}");
            assert_eq!(faults.separate(other, one), separated, "{other} {one}");
        }
        assert!(!faults.concern(0, 0, &[1, 4]));
        assert!(faults.concern(0, 0, &[1, 2]));
        assert!(faults.remove(number));
        assert!(!faults.separate(0, 2));
    }

    #[test]
    fn there_is_a_limit_to_faults() {
        let mut faults = Faults::default();
        let fault = link(0, Direction::Both, Effect::Cut);
        let first = faults.add(fault.clone(), START).unwrap();
        for _ in 1..MOST {
            assert!(faults.add(fault.clone(), START).is_some());
        }
        assert_eq!(faults.add(fault.clone(), START), None);
        assert!(faults.remove(first));
        assert!(faults.add(fault, START).is_some());
    }

    #[test]
    fn impairments_of_one_link_add_up_in_their_order_and_end_alone() {
        let impair = |action| {
            Effect::Impair(Box::new(Impairment {
                packets: Filter::default(),
                which: Which::All,
                chance: CERTAIN,
                action,
                seed: Some(7),
                limit: 1000,
            }))
        };
        let delay = |millis| {
            impair(Action::Delay {
                by: Duration::from_millis(millis),
                jitter: START,
            })
        };
        let mut faults = Faults::default();
        let begin = |faults: &mut Faults, direction, effect| {
            faults.add(link(1, direction, effect), START).unwrap()
        };
        let first = begin(&mut faults, Direction::Both, delay(100));
        let second = begin(&mut faults, Direction::ToNode, delay(50));
        let frame = [2; 60];
        let judge = |faults: &mut Faults, node, way| {
            let arrival = Arrival {
                now: START,
                read: Dissection::of(&frame),
                length: frame.len(),
                waiting: 0,
                is_full: false,
            };
            faults.judge((node, 0), way, &arrival)
        };
        let due = |faults: &mut Faults| Way::BOTH.map(|way| judge(faults, 1, way).due.as_millis());
        assert!(faults.treatment(1, 0, Way::FromNode).is_impaired);
        assert!(!faults.treatment(2, 0, Way::FromNode).is_impaired);
        assert!(faults.concern(1, 0, &[2]) && !faults.concern(2, 0, &[1]));
        assert!(!faults.need_single_packets(0));
        assert_eq!(due(&mut faults), [100, 150]);
        assert_eq!(judge(&mut faults, 2, Way::ToNode).due, START);
        let third = begin(&mut faults, Direction::FromNode, impair(Action::Lose));
        assert!(faults.need_single_packets(0) && !faults.need_single_packets(1));
        let lost = |faults: &mut Faults| Way::BOTH.map(|way| judge(faults, 1, way).is_lost);
        assert_eq!(lost(&mut faults), [true, false]);
        let hits = |number| faults.tally(number).map(|tally| tally.hits);
        assert_eq!(
            [first, second, third].map(hits),
            [Some(4), Some(2), Some(1)]
        );
        assert!(faults.remove(third) && faults.remove(first));
        assert_eq!(faults.tally(first), None);
        assert_eq!(due(&mut faults), [0, 50]);
        assert!(faults.remove(second));
        assert!(!faults.concern(1, 0, &[2]));
    }
}
