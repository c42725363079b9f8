//! The part of one network that is in the relay: links that have left the bridge, and the way to
//! the bridge. Carries frames between them as a switch does, except where a fault forbids it.

use super::faults::{Faults, Way};
use super::lane::{Kept, Lane};
use super::stations::{Place, Stations, is_for_bridges};
use std::collections::BTreeMap;
use std::io;
use vm_test_sys::packet::{HEADER, LONGEST, Options, Packets, Received};

/// Each frame has what its sender left to the hardware, so that long ones pass in one piece. The
/// kernel cuts them for an interface that cannot take them.
pub(super) const OPTIONS: Options = Options {
    outgoing: false,
    promiscuous: false,
    headers: true,
};

/// The links of one network that are in the relay.
#[derive(Debug)]
pub(super) struct Segment {
    pub(super) bridge: Packets,
    pub(super) links: BTreeMap<usize, RelayedLink>,
    stations: Stations,
}

/// The link of a node.
#[derive(Debug)]
pub(super) struct RelayedLink {
    pub(super) interface: String,
    pub(super) packets: Packets,
    from_node: Lane,
    to_node: Lane,
}

/// What carrying a frame takes, besides the segment itself.
#[derive(Debug)]
pub(super) struct Means<'a> {
    pub(super) faults: &'a Faults,
    pub(super) kept: &'a mut Kept,
    pub(super) buffer: &'a mut [u8],
}

/// The length of a buffer for any frame.
pub(super) const ROOM: usize = HEADER + LONGEST;

impl RelayedLink {
    pub(super) fn new(interface: String, packets: Packets) -> Self {
        Self {
            interface,
            packets,
            from_node: Lane::default(),
            to_node: Lane::default(),
        }
    }
}

impl Segment {
    /// Returns a segment without links.
    pub(super) fn new(bridge: Packets) -> Self {
        Self {
            bridge,
            links: BTreeMap::new(),
            stations: Stations::default(),
        }
    }

    /// Treats the frames of each link as the faults say.
    pub(super) fn treat(&mut self, network: usize, faults: &Faults) {
        for (node, link) in &mut self.links {
            let treatment = |way| faults.treatment(*node, network, way);
            link.from_node.treat(treatment(Way::FromNode));
            link.to_node.treat(treatment(Way::ToNode));
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
            let length = match packets.receive(means.buffer, OPTIONS.headers)? {
                Received::Frame { length, .. } => length,
                Received::Lost => continue,
                Received::Nothing => return Ok(count),
            };
            // Taken out, since what carries the frame needs the rest.
            let buffer = std::mem::take(&mut means.buffer);
            let frame = &buffer[..length];
            let goes_on = match place {
                Place::Bridge => true,
                Place::Node(node) => self
                    .links
                    .get_mut(&node)
                    .is_some_and(|link| link.from_node.take(frame, means.kept)),
            };
            if goes_on {
                self.carry(place, frame, means.faults, means.kept);
            }
            means.buffer = buffer;
        }
        Ok(most)
    }

    /// Lets at most so many held frames of each direction of each link go on; returns whether more
    /// are due.
    pub(super) fn release(&mut self, most: usize, faults: &Faults, kept: &mut Kept) -> bool {
        let nodes: Vec<usize> = self.links.keys().copied().collect();
        for node in nodes {
            for _ in 0..most {
                let link = self.links.get_mut(&node);
                let Some(frame) = link.and_then(|link| link.from_node.next(kept)) else {
                    break;
                };
                self.carry(Place::Node(node), &frame, faults, kept);
            }
            for _ in 0..most {
                let Some(link) = self.links.get_mut(&node) else {
                    break;
                };
                let Some(frame) = link.to_node.next(kept) else {
                    break;
                };
                let _ = link.packets.send(&frame);
            }
        }
        let mut links = self.links.values();
        links.any(|link| link.from_node.is_due() || link.to_node.is_due())
    }

    /// Returns how many held frames went on, and how many were lost, since this was last asked.
    /// Directions that still hold frames are not counted so far.
    pub(super) fn counts(&mut self) -> [u64; 2] {
        let mut sum = [0; 2];
        for link in self.links.values_mut() {
            for lane in [&mut link.from_node, &mut link.to_node] {
                let counts = lane.counts().unwrap_or_default();
                sum = [sum[0] + counts[0], sum[1] + counts[1]];
            }
        }
        sum
    }

    /// Loses all frames that are due.
    pub(super) fn discard_due(&mut self, kept: &mut Kept) {
        for link in self.links.values_mut() {
            for lane in [&mut link.from_node, &mut link.to_node] {
                if lane.is_due() {
                    lane.discard(kept);
                }
            }
        }
    }

    /// Takes a link out, and loses what it has held.
    pub(super) fn remove(&mut self, node: usize, kept: &mut Kept) {
        if let Some(mut link) = self.links.remove(&node) {
            link.from_node.discard(kept);
            link.to_node.discard(kept);
        }
        self.links_have_moved();
    }

    /// Returns the socket at a place.
    pub(super) fn packets(&self, place: Place) -> Option<&Packets> {
        match place {
            Place::Bridge => Some(&self.bridge),
            Place::Node(node) => self.links.get(&node).map(|link| &link.packets),
        }
    }

    /// Carries a frame with its header from one place to where it belongs.
    fn carry(&mut self, from: Place, frame: &[u8], faults: &Faults, kept: &mut Kept) {
        let Some((to, source)) = addresses(frame) else {
            return;
        };
        if is_for_bridges(to) {
            return;
        }
        self.stations.learn(source, from);
        match self.stations.find(to) {
            Some(place) => self.deliver(from, place, frame, faults, kept),
            None => {
                let nodes = self.links.keys().copied().map(Place::Node);
                let places: Vec<Place> = nodes.chain([Place::Bridge]).collect();
                for place in places {
                    self.deliver(from, place, frame, faults, kept);
                }
            }
        }
    }

    fn deliver(&mut self, from: Place, to: Place, frame: &[u8], faults: &Faults, kept: &mut Kept) {
        if from == to {
            return;
        }
        // An interface that is full or gone loses the frame, as a port of a switch would.
        match to {
            Place::Bridge => {
                let _ = self.bridge.send(frame);
            }
            Place::Node(node) => {
                if matches!(from, Place::Node(other) if faults.separate(node, other)) {
                    return;
                }
                if let Some(link) = self.links.get_mut(&node)
                    && link.to_node.take(frame, kept)
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
