//! The faults of a lab's networks at this moment, and what they mean for each link and each pair of
//! nodes. Touches no frame.

use super::messages::Fault;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use vm_test_protocol::order::{Direction, Effect};

/// How many faults there may be at a time.
const MOST: usize = 256;

/// All faults, by their numbers.
#[derive(Debug, Default)]
pub(super) struct Faults {
    standing: BTreeMap<u64, Fault>,
    given: u64,
}

/// One direction of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    FromNode,
    ToNode,
}

/// What becomes of the frames of one direction of a link.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Treatment {
    /// New frames are lost.
    pub(super) is_cut: bool,
    /// Frames that are not lost are kept.
    pub(super) is_held: bool,
}

impl Faults {
    /// Adds a fault; returns its number, or `None` if there are too many.
    pub(super) fn add(&mut self, fault: Fault) -> Option<u64> {
        if self.standing.len() >= MOST {
            return None;
        }
        self.given += 1;
        self.standing.insert(self.given, fault);
        Some(self.given)
    }

    /// Removes the fault with this number; returns whether there was one.
    pub(super) fn remove(&mut self, number: u64) -> bool {
        match self.standing.entry(number) {
            Entry::Occupied(fault) => {
                fault.remove();
                true
            }
            Entry::Vacant(_) => false,
        }
    }

    /// Returns what becomes of the frames of a link in one direction.
    pub(super) fn treatment(&self, node: usize, network: usize, way: Way) -> Treatment {
        let has = |sought: Effect| {
            self.standing.values().any(|fault| match fault {
                Fault::Link {
                    node: its_node,
                    network: its_network,
                    direction,
                    effect,
                } => {
                    (*its_node, *its_network) == (node, network)
                        && covers(*direction, way)
                        && *effect == sought
                }
                Fault::Partition { .. } => false,
            })
        };
        Treatment {
            is_cut: has(Effect::Cut),
            is_held: has(Effect::Hold),
        }
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

fn covers(direction: Direction, way: Way) -> bool {
    match direction {
        Direction::Both => true,
        Direction::FromNode => way == Way::FromNode,
        Direction::ToNode => way == Way::ToNode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let held = faults.add(link(1, Direction::Both, Effect::Hold)).unwrap();
        let cut = faults
            .add(link(1, Direction::FromNode, Effect::Cut))
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
        let number = faults.add(Fault::Partition { groups }).unwrap();
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
        let first = faults.add(fault.clone()).unwrap();
        for _ in 1..MOST {
            assert!(faults.add(fault.clone()).is_some());
        }
        assert_eq!(faults.add(fault.clone()), None);
        assert!(faults.remove(first));
        assert!(faults.add(fault).is_some());
    }
}
