//! The part of one network that is in the relay: links that have left the bridge, and the way to
//! the bridge. Carries frames between them as a switch does, except where a fault forbids it.

use super::diverted::Diverted;
use super::fate::{Arrival, Fate};
use super::faults::Faults;
use super::lane::{Kept, Lane};
use super::outlet::Outlet;
use super::relayed_link::RelayedLink;
use super::stations::{Place, Stations, is_for_bridges};
use super::way::Way;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use vm_test_protocol::dissection::Dissection;
use vm_test_sys::packet::{HEADER, LONGEST, Received};

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
    pub(super) buffer: &'a mut [u8],
    /// The time, since the relay began.
    pub(super) now: Duration,
}

/// The length of a buffer for any frame.
pub(super) const ROOM: usize = HEADER + LONGEST;

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

    /// Carries at most so many of the frames that have come in at a place; returns how many there
    /// were.
    ///
    /// # Errors
    /// If the interface there is gone.
    pub(super) fn serve(
        &mut self,
        place: Place,
        most: usize,
        means: &mut Means<'_>,
    ) -> io::Result<usize> {
        for count in 0..most {
            let Some(packets) = self.packets(place) else {
                return Ok(count);
            };
            let length = match packets.receive(means.buffer)? {
                Received::Frame { length, .. } => length,
                Received::Lost => continue,
                Received::Nothing => return Ok(count),
            };
            // Taken out, since what carries the frame needs the rest.
            let buffer = std::mem::take(&mut means.buffer);
            let frame = &buffer[..length];
            let goes_on = match place {
                Place::Bridge => true,
                Place::Node(node) => self.take(node, Way::FromNode, frame, means),
            };
            if goes_on {
                self.carry(place, frame, means);
            }
            means.buffer = buffer;
        }
        Ok(most)
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
                match way {
                    Way::FromNode => self.carry(Place::Node(node), &frame, means),
                    Way::ToNode => {
                        let _ = link.packets.send(&frame);
                    }
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

    /// Carries a frame with its header from one place to where it belongs.
    fn carry(&mut self, from: Place, frame: &[u8], means: &mut Means<'_>) {
        let Some((to, source)) = addresses(frame) else {
            return;
        };
        if is_for_bridges(to) {
            return;
        }
        self.stations.learn(source, from);
        if let Place::Node(node) = from
            && let Some(other) = means.diverted.node_of(self.network, &frame[HEADER..])
        {
            // The proxy is behind the bridge, and between these two nodes.
            if !means.faults.separate(node, other) {
                self.deliver(from, Place::Bridge, frame, means);
            }
            return;
        }
        match self.stations.find(to) {
            Some(place) => self.deliver(from, place, frame, means),
            None => {
                let nodes = self.links.keys().copied();
                let nodes = nodes.filter(|node| Some(*node) != self.leaving);
                let nodes = nodes.map(Place::Node);
                let places: Vec<Place> = nodes.chain([Place::Bridge]).collect();
                for place in places {
                    self.deliver(from, place, frame, means);
                }
            }
        }
    }

    fn deliver(&mut self, from: Place, to: Place, frame: &[u8], means: &mut Means<'_>) {
        if from == to {
            return;
        }
        // An interface that is full or gone loses the frame, as a port of a switch would.
        match to {
            Place::Bridge => {
                let _ = self.bridge.send(frame);
            }
            Place::Node(node) => {
                if matches!(from, Place::Node(other) if means.faults.separate(node, other)) {
                    return;
                }
                if self.take(node, Way::ToNode, frame, means)
                    && let Some(link) = self.links.get(&node)
                {
                    let _ = link.packets.send(frame);
                }
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
