//! The links of a lab that are in the relay: what carries their frames, and how links move from the
//! bridge into the relay and back.

use super::faults::Faults;
use super::lane::Kept;
use super::links::Links;
use super::segment::{Means, OPTIONS, ROOM, RelayedLink, Segment};
use super::stations::Place;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, ErrorKind};
use std::os::fd::OwnedFd;
use vm_test_sys::packet::Packets;

/// How many frames are carried before somebody else may use the relay.
pub(super) const AT_ONCE: usize = 64;

/// How many waiting frames are carried before a link moves. A flood has no end.
const BEFORE_A_MOVE: usize = 4096;

/// All that the relay works with.
#[derive(Debug)]
pub(super) struct Relayed {
    pub(super) faults: Faults,
    segments: BTreeMap<usize, Segment>,
    /// The interfaces of all links, in the relay or not, by network and node.
    interfaces: BTreeMap<(usize, usize), String>,
    kept: Kept,
    buffer: Vec<u8>,
}

/// A network, for the moves of its links.
#[derive(Debug)]
pub(super) struct Bridge<'a> {
    pub(super) number: usize,
    pub(super) name: &'a str,
    pub(super) mtu: u32,
}

impl Default for Relayed {
    fn default() -> Self {
        Self {
            faults: Faults::default(),
            segments: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            kept: Kept::default(),
            buffer: vec![0; ROOM],
        }
    }
}

impl Relayed {
    /// Knows the interface of a link from now on.
    pub(super) fn know_link(&mut self, node: usize, network: usize, interface: &str) {
        let at = (network, node);
        self.interfaces.insert(at, interface.to_owned());
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
        let Some(segment) = self.segments.get_mut(&network) else {
            return 0;
        };
        let mut means = Means {
            faults: &self.faults,
            kept: &mut self.kept,
            buffer: &mut self.buffer,
        };
        match (segment.serve(place, most, &mut means), place) {
            (Ok(count), _) => count,
            (Err(_), Place::Node(node)) => {
                // The node is gone, and its interface with it.
                segment.remove(node, &mut self.kept);
                0
            }
            (Err(_), Place::Bridge) => 0,
        }
    }

    /// Carries all frames that wait at a place.
    fn drain(&mut self, network: usize, place: Place) {
        let mut carried = 0;
        while carried < BEFORE_A_MOVE {
            match self.serve(network, place, AT_ONCE) {
                AT_ONCE => carried += AT_ONCE,
                _ => return,
            }
        }
    }

    /// Treats the frames of each link as the faults say.
    pub(super) fn treat(&mut self) {
        for (network, segment) in &mut self.segments {
            segment.treat(*network, &self.faults);
        }
    }

    /// Lets some of the held frames go on; returns whether more are due.
    pub(super) fn release(&mut self) -> bool {
        let mut is_due = false;
        for segment in self.segments.values_mut() {
            is_due |= segment.release(AT_ONCE, &self.faults, &mut self.kept);
        }
        is_due
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

    /// Moves links of a network, so that exactly those with a fault are in the relay.
    pub(super) fn arrange(
        &mut self,
        events: &OwnedFd,
        bridge: &Bridge<'_>,
        links: &mut Links,
    ) -> io::Result<()> {
        let network = bridge.number;
        let here = self.interfaces.range((network, 0)..=(network, usize::MAX));
        let nodes: Vec<usize> = here.map(|((_, node), _)| *node).collect();
        for node in &nodes {
            let is_in_relay = self
                .segments
                .get(&network)
                .is_some_and(|segment| segment.links.contains_key(node));
            let moved = match (self.faults.concern(*node, network, &nodes), is_in_relay) {
                (true, false) => self.take_over(events, *node, bridge, links),
                (false, true) => self.give_back(*node, bridge, links),
                _ => Ok(()),
            };
            match moved {
                // The node has been powered off, and its interface is gone.
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {
                    self.forget_link(*node, network);
                }
                moved => moved?,
            }
        }
        let is_empty = |segment: &Segment| segment.links.is_empty();
        if self.segments.get(&network).is_some_and(is_empty) {
            self.segments.remove(&network);
            links.delete(&near_end(network))?;
        }
        self.treat();
        Ok(())
    }

    /// Takes a link out of the bridge into the relay.
    ///
    /// A frame that comes in at this very moment may be lost. None is doubled.
    fn take_over(
        &mut self,
        events: &OwnedFd,
        node: usize,
        bridge: &Bridge<'_>,
        links: &mut Links,
    ) -> io::Result<()> {
        let network = bridge.number;
        let Some(interface) = self.interfaces.get(&(network, node)).cloned() else {
            return Ok(());
        };
        let packets = Packets::open(&interface, OPTIONS)?;
        let segment = match self.segments.entry(network) {
            Entry::Occupied(segment) => segment.into_mut(),
            Entry::Vacant(place) => place.insert(Segment::new(way_to(events, bridge, links)?)),
        };
        add(events, &packets, network, Place::Node(node))?;
        // Quick, and to leave the bridge takes the kernel longer. It refuses if the node's end is
        // down, where nothing comes in.
        let _ = links.block(&interface);
        packets.hear()?;
        links.leave(&interface)?;
        let link = RelayedLink::new(interface, packets);
        segment.links.insert(node, link);
        segment.links_have_moved();
        segment.treat(network, &self.faults);
        Ok(())
    }

    /// Gives a link back to the bridge, after all frames that have come in for it.
    fn give_back(&mut self, node: usize, bridge: &Bridge<'_>, links: &mut Links) -> io::Result<()> {
        let network = bridge.number;
        for place in [Place::Bridge, Place::Node(node)] {
            self.drain(network, place);
        }
        let Some(segment) = self.segments.get(&network) else {
            return Ok(());
        };
        let Some(link) = segment.links.get(&node) else {
            return Ok(());
        };
        link.packets.deafen()?;
        let interface = link.interface.clone();
        self.drain(network, Place::Node(node));
        links.join(&interface, bridge.name, bridge.mtu)?;
        // The bridge has learnt that the node is behind the relay.
        links.forget_stations(&far_end(network))?;
        if let Some(segment) = self.segments.get_mut(&network) {
            segment.remove(node, &mut self.kept);
        }
        Ok(())
    }
}

/// Makes the way from the relay to a bridge, and returns the relay's end.
fn way_to(events: &OwnedFd, bridge: &Bridge<'_>, links: &mut Links) -> io::Result<Packets> {
    let (near, far) = (near_end(bridge.number), far_end(bridge.number));
    links.add_own_pair(&near, &far, bridge.mtu)?;
    let opened = Packets::open(&near, OPTIONS).and_then(|packets| {
        links.join(&far, bridge.name, bridge.mtu)?;
        add(events, &packets, bridge.number, Place::Bridge)?;
        packets.hear()?;
        Ok(packets)
    });
    if opened.is_err() {
        let _ = links.delete(&near);
    }
    opened
}

fn near_end(network: usize) -> String {
    format!("relay{network}")
}

fn far_end(network: usize) -> String {
    format!("uplink{network}")
}

fn add(events: &OwnedFd, packets: &Packets, network: usize, place: Place) -> io::Result<()> {
    let data = EventData::new_u64(token(network, place)?);
    epoll::add(events, packets, data, EventFlags::IN)?;
    Ok(())
}

/// Returns the number by which the kernel reports frames at a place.
fn token(network: usize, place: Place) -> io::Result<u64> {
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
