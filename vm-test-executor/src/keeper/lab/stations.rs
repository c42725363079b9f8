//! Where on a network each hardware address was seen last, as a switch learns it. Bounded, since
//! nodes choose the addresses that they send from.

use std::collections::HashMap;

/// How many addresses are known at a time.
const MOST: usize = 1024;

/// A hardware address.
pub(super) type Address = [u8; 6];

/// A place where frames enter and leave the relay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// The network's bridge, with all links that are not in the relay.
    Bridge,
    /// The link of the node with this number.
    Node(usize),
}

/// What is known of a network's addresses.
#[derive(Debug, Default)]
pub(super) struct Stations {
    seen: HashMap<Address, Place>,
    /// Where stations are that may not be seen here, until they are seen elsewhere.
    expected: HashMap<Address, Place>,
}

impl Stations {
    /// Learns that a frame from this address came in here.
    pub(super) fn learn(&mut self, address: Address, place: Place) {
        if is_group(address) {
            return;
        }
        if self.seen.len() >= MOST && !self.seen.contains_key(&address) {
            // Frames to addresses that are not known go everywhere.
            self.seen.clear();
        }
        self.seen.insert(address, place);
    }

    /// Expects these stations, and no others from now on, at these places.
    pub(super) fn expect(&mut self, stations: impl IntoIterator<Item = (Address, Place)>) {
        self.expected = stations.into_iter().collect();
    }

    /// Returns where the station with this address is, if it is one and known.
    pub(super) fn find(&self, address: Address) -> Option<Place> {
        let seen = self.seen.get(&address);
        seen.or_else(|| self.expected.get(&address)).copied()
    }

    /// Forgets where stations were seen: links have moved.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
    }
}

/// Returns whether an address is that of a group.
fn is_group(address: Address) -> bool {
    address[0] & 1 != 0
}

/// Returns whether a bridge keeps frames to this address to itself.
pub(super) fn is_for_bridges(address: Address) -> bool {
    matches!(address, [0x01, 0x80, 0xc2, 0, 0, 0x01..=0x0f])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_station_is_where_it_was_seen_last_and_groups_are_everywhere() {
        let mut stations = Stations::default();
        let one = [2, 0, 0, 0, 0, 1];
        stations.learn(one, Place::Bridge);
        stations.learn(one, Place::Node(3));
        assert_eq!(stations.find(one), Some(Place::Node(3)));
        stations.learn([0xff; 6], Place::Node(3));
        assert_eq!(stations.find([0xff; 6]), None);
        stations.forget();
        assert_eq!(stations.find(one), None);
    }

    #[test]
    fn a_station_is_where_it_is_expected_until_it_is_seen_and_once_that_is_forgotten() {
        let mut stations = Stations::default();
        let (one, other) = ([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2]);
        stations.expect([(one, Place::Bridge), (other, Place::Node(1))]);
        assert_eq!(stations.find(one), Some(Place::Bridge));
        stations.learn(one, Place::Node(3));
        assert_eq!(stations.find(one), Some(Place::Node(3)));
        stations.forget();
        assert_eq!(stations.find(one), Some(Place::Bridge));
        stations.expect([(one, Place::Node(2))]);
        assert_eq!(stations.find(one), Some(Place::Node(2)));
        assert_eq!(stations.find(other), None);
    }

    #[test]
    fn a_flood_of_addresses_takes_no_more_memory() {
        let mut stations = Stations::default();
        for number in 0..100_000_u32 {
            let [a, b, c, d] = number.to_be_bytes();
            stations.learn([2, 0, a, b, c, d], Place::Bridge);
            assert!(stations.seen.len() <= MOST);
        }
    }

    #[test]
    fn the_addresses_that_switches_use_among_themselves_are_told_from_others() {
        assert!(is_for_bridges([0x01, 0x80, 0xc2, 0, 0, 0x0e]));
        assert!(!is_for_bridges([0x01, 0x80, 0xc2, 0, 0, 0]));
        assert!(!is_for_bridges([0x01, 0x80, 0xc2, 0, 0, 0x10]));
    }
}
