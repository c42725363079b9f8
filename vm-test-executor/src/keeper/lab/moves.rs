//! How links of a lab move from the bridge into the relay and back, and what else changes with that.
//! Carries no frame of its own accord.

use super::links::Links;
use super::outlet::Outlet;
use super::relayed::{AT_ONCE, Interface, Relayed, token};
use super::relayed_link::RelayedLink;
use super::segment::Segment;
use super::stations::Place;
use rustix::event::epoll::{self, EventData, EventFlags};
use std::collections::btree_map::Entry;
use std::io::{self, ErrorKind};
use std::os::fd::{AsFd, OwnedFd};

/// How many waiting frames are carried before a link moves. A flood has no end.
const BEFORE_A_MOVE: usize = 4096;

/// A network, for the moves of its links.
#[derive(Debug)]
pub(super) struct Bridge<'a> {
    pub(super) number: usize,
    pub(super) name: &'a str,
    pub(super) mtu: u32,
}

/// What brings links into the relay when they have a fault, and out of it again.
pub(super) trait Mover {
    /// Moves links, so that exactly those with a fault are in the relay.
    fn arrange(&mut self, relayed: &mut Relayed, events: &OwnedFd) -> io::Result<()>;
}

/// Networks whose links are on bridges.
#[derive(Debug)]
pub(super) struct Bridges<'a> {
    pub(super) all: Vec<Bridge<'a>>,
    pub(super) links: &'a mut Links,
}

impl Mover for Bridges<'_> {
    fn arrange(&mut self, relayed: &mut Relayed, events: &OwnedFd) -> io::Result<()> {
        let Self { all, links } = self;
        all.iter()
            .try_for_each(|bridge| relayed.arrange(events, bridge, links))
    }
}

impl Relayed {
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
        let faulty = nodes.iter().copied();
        let faulty = faulty.filter(|node| self.faults.concern(*node, network, &nodes));
        let wanted = self.wanted_shortcuts(network, &faulty.collect());
        if wanted != self.shortcuts.get(&network).cloned().unwrap_or_default() {
            self.close_shortcuts(network, links)?;
        }
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
        self.limit_segments(network, links)?;
        self.treat();
        self.open_shortcuts(network, links)
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
        let Some(Interface { name, .. }) = self.interfaces.get(&(network, node)) else {
            return Ok(());
        };
        let interface = name.clone();
        let packets = Outlet::open(&interface)?;
        if let Entry::Vacant(place) = self.segments.entry(network) {
            let way = way_to(events, bridge, links)?;
            place.insert(Segment::new(network, way));
        }
        add(events, &packets, network, Place::Node(node))?;
        // While the bridge does not know where the node is, it would send what is for it both ways.
        let way = far_end(network);
        links.flood(&way, false)?;
        let taken = self.take(node, interface, packets, bridge, links);
        // Other links in the relay need it, whatever has come of this one.
        taken.and(links.flood(&way, true))
    }

    /// Takes a link out of the bridge, which does not flood the way to the relay meanwhile.
    fn take(
        &mut self,
        node: usize,
        interface: String,
        packets: Outlet,
        bridge: &Bridge<'_>,
        links: &mut Links,
    ) -> io::Result<()> {
        let network = bridge.number;
        // Quick, and to leave the bridge takes the kernel longer. It refuses if the node's end is
        // down, where nothing comes in.
        let _ = links.block(&interface);
        // What has been sent both ways, the node has.
        self.drain(network, Place::Bridge);
        let segment = self.segments.get_mut(&network);
        let segment = segment.ok_or(ErrorKind::NotFound)?;
        if segment.links.is_empty() {
            segment.bridge.hear()?;
        }
        packets.hear()?;
        links.leave(&interface)?;
        let link = RelayedLink::new(interface, packets);
        segment.links.insert(node, link);
        segment.links_have_moved();
        segment.treat(&self.faults);
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
        let (interface, link_segments) = (link.interface.clone(), link.segments);
        self.drain(network, Place::Node(node));
        if let Some(segments) = link_segments {
            links.limit_segments(&interface, segments)?;
        }
        self.drain(network, Place::Bridge);
        if let Some(segment) = self.segments.get_mut(&network) {
            // From now on, it also gets from the bridge what is for all.
            segment.leaving = Some(node);
        }
        // While the bridge does not know where the node is, it would send what is for it both ways.
        let way = far_end(network);
        links.flood(&way, false)?;
        let joined = links
            .join(&interface, bridge.name, bridge.mtu)
            // The bridge has learnt that the node is behind the relay.
            .and_then(|()| links.forget_stations(&way));
        // Until then, it has led there what is for the node alone, such as answers to what was held.
        self.drain(network, Place::Bridge);
        // Other links in the relay need it, whatever has come of this one.
        joined.and(links.flood(&way, true))?;
        if let Some(segment) = self.segments.get_mut(&network) {
            segment.remove(node, &mut self.kept);
        }
        Ok(())
    }

    /// Has what enters the relay from this network come in frames of one packet each, if a fault
    /// needs that, and otherwise in frames as long as before.
    ///
    /// VMs send no others here: their taps take none.
    fn limit_segments(&mut self, network: usize, links: &mut Links) -> io::Result<()> {
        let is_needed = self.faults.need_single_packets(network);
        let Some(segment) = self.segments.get_mut(&network) else {
            return Ok(());
        };
        limit(&mut segment.segments, is_needed, &near_end(network), links)?;
        for link in segment.links.values_mut() {
            match limit(&mut link.segments, is_needed, &link.interface, links) {
                // The node has been powered off.
                Err(error) if error.raw_os_error() == Some(libc::ENODEV) => {}
                limited => limited?,
            }
        }
        Ok(())
    }

    /// Carries all frames that wait at a place.
    fn drain(&mut self, network: usize, place: Place) {
        let mut carried = 0;
        while carried < BEFORE_A_MOVE {
            match self.serve(network, place, AT_ONCE) {
                0 => return,
                count => carried += count,
            }
        }
    }
}

/// Limits how many segments a frame has that enters through an interface, or no longer. What it was
/// before is kept until then.
fn limit(
    before: &mut Option<u32>,
    is_needed: bool,
    interface: &str,
    links: &mut Links,
) -> io::Result<()> {
    match (is_needed, *before) {
        (true, None) => *before = links.limit_segments(interface, 1)?,
        (false, Some(segments)) => {
            links.limit_segments(interface, segments)?;
            *before = None;
        }
        _ => {}
    }
    Ok(())
}

/// Makes the way from the relay to a bridge, and returns the relay's end, which hears nothing so far.
fn way_to(events: &OwnedFd, bridge: &Bridge<'_>, links: &mut Links) -> io::Result<Outlet> {
    let (near, far) = (near_end(bridge.number), far_end(bridge.number));
    links.add_own_pair(&near, &far, bridge.mtu)?;
    let opened = Outlet::open(&near).and_then(|packets| {
        links.join(&far, bridge.name, bridge.mtu)?;
        add(events, &packets, bridge.number, Place::Bridge)?;
        Ok(packets)
    });
    if opened.is_err() {
        let _ = links.delete(&near);
    }
    opened
}

pub(super) fn near_end(network: usize) -> String {
    format!("relay{network}")
}

fn far_end(network: usize) -> String {
    format!("uplink{network}")
}

/// Has the relay take what comes in at a place.
pub(super) fn add(
    events: &OwnedFd,
    packets: &impl AsFd,
    network: usize,
    place: Place,
) -> io::Result<()> {
    let data = EventData::new_u64(token(network, place)?);
    epoll::add(events, packets, data, EventFlags::IN)?;
    Ok(())
}

#[cfg(test)]
mod tests;
