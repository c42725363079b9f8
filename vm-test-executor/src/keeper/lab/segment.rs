//! The part of one network that is in the relay: links that have left the bridge, and the way to
//! the bridge. Carries frames between them as a switch does, except where a fault forbids it.

use super::diverted::Diverted;
use super::fate::{Arrival, Fate};
use super::faults::Faults;
use super::lane::{Kept, Lane};
use super::outlet::Outlet;
use super::relayed_link::RelayedLink;
use super::stations::{Address, Place, Stations, is_for_bridges};
use super::way::Way;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use vm_test_protocol::dissection::Dissection;
use vm_test_sys::batch::Batch;
use vm_test_sys::packet::HEADER;

/// The links of one network that are in the relay.
#[derive(Debug)]
pub(super) struct Segment {
    network: usize,
    pub(super) bridge: Outlet,
    pub(super) links: BTreeMap<usize, RelayedLink>,
    /// How many segments a frame from the bridge could have, if that is limited now.
    pub(super) segments: Option<u32>,
    /// The node whose link leaves the relay at this moment.
    pub(super) leaving: Option<usize>,
    stations: Stations,
}

/// What carrying a frame takes, besides the segment itself.
#[derive(Debug)]
pub(super) struct Means<'a> {
    pub(super) faults: &'a mut Faults,
    pub(super) diverted: &'a Diverted,
    pub(super) kept: &'a mut Kept,
    /// The time, since the relay began.
    pub(super) now: Duration,
}

/// Where frames of a batch go on, each with its number in the batch.
type Routes = Vec<(Place, usize)>;

impl Segment {
    /// Returns a segment without links.
    pub(super) fn new(network: usize, bridge: Outlet) -> Self {
        Self {
            network,
            bridge,
            links: BTreeMap::new(),
            segments: None,
            leaving: None,
            stations: Stations::default(),
        }
    }

    /// Treats the frames of each link as the faults say.
    pub(super) fn treat(&mut self, faults: &Faults) {
        for (node, link) in &mut self.links {
            for way in Way::BOTH {
                let treatment = faults.treatment(*node, self.network, way);
                link.lane(way).treat(treatment);
            }
        }
    }

    /// Forgets where stations are: a link has come or gone.
    pub(super) fn links_have_moved(&mut self) {
        self.stations.forget();
    }

    /// Expects these stations, and no others from now on, at these places until they are seen.
    pub(super) fn expect(&mut self, stations: impl IntoIterator<Item = (Address, Place)>) {
        self.stations.expect(stations);
    }

    /// Carries at most so many of the frames that have come in at a place; returns how many there
    /// were.
    ///
    /// # Errors
    /// If the interface there is gone.
    pub(super) fn serve(
        &mut self,
        place: Place,
        most: usize,
        batch: &mut Batch,
        means: &mut Means<'_>,
    ) -> io::Result<usize> {
        let (mut served, mut are_there_more) = (0, true);
        let mut routes = Routes::new();
        while are_there_more && served < most {
            let Some(outlet) = self.packets(place) else {
                break;
            };
            let count;
            (count, are_there_more) = outlet.receive(batch, most - served)?;
            for number in 0..count {
                let Some(frame) = batch.frame(number) else {
                    continue;
                };
                let goes_on = match place {
                    Place::Bridge => true,
                    Place::Node(node) => self.take(node, Way::FromNode, frame, means),
                };
                if goes_on {
                    self.carry(place, frame, means, |to| routes.push((to, number)));
                }
            }
            for group in routes.chunk_by(|one, next| one.0 == next.0) {
                if let Some(outlet) = group.first().and_then(|(to, _)| self.packets(*to)) {
                    outlet.send_some(batch, group.iter().map(|(_, number)| *number));
                }
            }
            routes.clear();
            served += count;
        }
        Ok(served)
    }

    /// Has one direction of a link take a frame; returns whether it goes on at once.
    fn take(&mut self, node: usize, way: Way, frame: &[u8], means: &mut Means<'_>) -> bool {
        let (network, now) = (self.network, means.now);
        let Some(link) = self.links.get_mut(&node) else {
            return false;
        };
        let lane = link.lane(way);
        let fate = match frame.get(HEADER..) {
            Some(bare) if lane.is_impaired() => {
                let (waiting, is_full) = lane.load(means.kept);
                let arrival = Arrival {
                    now,
                    read: Dissection::of(bare),
                    length: bare.len(),
                    waiting,
                    is_full,
                };
                means.faults.judge((node, network), way, &arrival)
            }
            _ => Fate::untouched(now),
        };
        lane.take(frame, &fate, now, means.kept)
    }

    /// Lets at most so many held frames of each direction of each link go on; returns whether more
    /// wait for that.
    pub(super) fn release(&mut self, most: usize, means: &mut Means<'_>) -> bool {
        self.let_go_on(most, means, |lane, means| lane.next(means.kept));
        let mut links = self.links.values();
        links.any(|link| link.lanes().any(Lane::is_due))
    }

    /// Lets at most so many delayed frames of each direction of each link go on, if they are due.
    pub(super) fn send_due(&mut self, most: usize, means: &mut Means<'_>) {
        self.let_go_on(most, means, |lane, means| {
            lane.pop_due(means.now, means.kept)
        });
    }

    /// Returns when the next delayed frame is due.
    pub(super) fn next_due(&self) -> Option<Duration> {
        let lanes = self.links.values().flat_map(RelayedLink::lanes);
        lanes.filter_map(Lane::next_due).min()
    }

    fn let_go_on(
        &mut self,
        most: usize,
        means: &mut Means<'_>,
        next: fn(&mut Lane, &mut Means<'_>) -> Option<Box<[u8]>>,
    ) {
        let nodes: Vec<usize> = self.links.keys().copied().collect();
        for (node, way) in nodes
            .into_iter()
            .flat_map(|node| Way::BOTH.map(|way| (node, way)))
        {
            for _ in 0..most {
                let Some(link) = self.links.get_mut(&node) else {
                    break;
                };
                let Some(frame) = next(link.lane(way), means) else {
                    break;
                };
                let mut places = Vec::new();
                match way {
                    Way::FromNode => {
                        self.carry(Place::Node(node), &frame, means, |to| places.push(to));
                    }
                    Way::ToNode => places.push(Place::Node(node)),
                }
                for outlet in places.into_iter().filter_map(|to| self.packets(to)) {
                    // An interface that is full or gone loses the frame, as a port of a switch would.
                    let _ = outlet.send(&frame);
                }
            }
        }
    }

    /// Returns how many held frames went on, and how many were lost, since this was last asked.
    /// Directions that still hold frames are not counted so far.
    pub(super) fn counts(&mut self) -> [u64; 2] {
        let mut sum = [0; 2];
        for link in self.links.values_mut() {
            for way in Way::BOTH {
                let counts = link.lane(way).counts().unwrap_or_default();
                sum = [sum[0] + counts[0], sum[1] + counts[1]];
            }
        }
        sum
    }

    /// Loses all frames that are due.
    pub(super) fn discard_due(&mut self, kept: &mut Kept) {
        for link in self.links.values_mut() {
            for way in Way::BOTH {
                let lane = link.lane(way);
                if lane.is_due() {
                    lane.discard_held(kept);
                }
            }
        }
    }

    /// Takes a link out, and loses what it has held.
    pub(super) fn remove(&mut self, node: usize, kept: &mut Kept) {
        self.leaving = None;
        if let Some(mut link) = self.links.remove(&node) {
            for way in Way::BOTH {
                link.lane(way).discard(kept);
            }
        }
        self.links_have_moved();
    }

    /// Returns what is at a place.
    pub(super) fn packets(&self, place: Place) -> Option<&Outlet> {
        match place {
            Place::Bridge => Some(&self.bridge),
            Place::Node(node) => self.links.get(&node).map(|link| &link.packets),
        }
    }

    /// Finds out to which places a frame with its header goes on at once. Where it waits, it is
    /// taken.
    fn carry(
        &mut self,
        from: Place,
        frame: &[u8],
        means: &mut Means<'_>,
        mut goes_to: impl FnMut(Place),
    ) {
        let Some((to, source)) = addresses(frame) else {
            return;
        };
        if is_for_bridges(to) {
            return;
        }
        self.stations.learn(source, from);
        let places: &[Place] = if let Place::Node(node) = from
            && let Some(other) = means.diverted.node_of(self.network, &frame[HEADER..])
        {
            // The proxy is behind the bridge, and between these two nodes.
            let is_separate = means.faults.separate(node, other);
            if is_separate { &[] } else { &[Place::Bridge] }
        } else if let Some(place) = self.stations.find(to) {
            &[place]
        } else {
            let nodes = self.links.keys().copied();
            let nodes = nodes.filter(|node| Some(*node) != self.leaving);
            let nodes = nodes.map(Place::Node);
            &nodes.chain([Place::Bridge]).collect::<Vec<_>>()
        };
        for place in places {
            if self.reaches(from, *place, frame, means) {
                goes_to(*place);
            }
        }
    }

    /// Returns whether a frame reaches another place at once.
    fn reaches(&mut self, from: Place, to: Place, frame: &[u8], means: &mut Means<'_>) -> bool {
        match to {
            _ if from == to => false,
            Place::Bridge => true,
            Place::Node(node) => {
                let is_separate =
                    matches!(from, Place::Node(other) if means.faults.separate(node, other));
                !is_separate && self.take(node, Way::ToNode, frame, means)
            }
        }
    }
}

/// Returns the addresses that a frame is to and from.
fn addresses(frame: &[u8]) -> Option<([u8; 6], [u8; 6])> {
    let (to, rest) = frame.get(HEADER..)?.split_first_chunk()?;
    let (source, rest) = rest.split_first_chunk()?;
    (rest.len() >= 2).then_some((*to, *source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_without_both_addresses_is_none() {
        let mut frame = vec![0; HEADER];
        frame.extend(1..=13);
        assert_eq!(addresses(&frame), None);
        frame.push(14);
        let found = addresses(&frame);
        assert_eq!(found, Some(([1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12])));
        assert_eq!(addresses(&frame[..3]), None);
    }
}
