//! The card of a VM that is in no lab: while its link has a fault, its frames make a detour through
//! the relay. Without one, the emulator hands them on by itself.

use super::moves::{Mover, add};
use super::outlet::Outlet;
use super::relayed::{AT_ONCE, Relayed};
use super::relayed_link::RelayedLink;
use super::segment::Segment;
use super::stations::Place;
use super::wires::{FarEnds, Wires};
use crate::backend::kvm::{Detour, Ends};
use std::io;
use std::os::fd::OwnedFd;
use std::thread;
use std::time::{Duration, Instant};

/// The number of its node, and of its network.
pub(super) const ONLY: usize = 0;

/// How long the emulator may take to read the last frames.
const READING: Duration = Duration::from_millis(500);

/// How often frames are carried while something else is waited for.
const TICK: Duration = Duration::from_micros(200);

/// A VM's card to the outside.
pub(super) struct Card {
    detour: Detour,
}

impl Card {
    pub(super) fn new(detour: Detour) -> Self {
        Self { detour }
    }

    fn begin(&mut self, relayed: &mut Relayed, events: &OwnedFd) -> io::Result<()> {
        let (bridge, outside) = Wires::make()?;
        let (node, guest) = Wires::make()?;
        add(events, &bridge, ONLY, Place::Bridge)?;
        add(events, &node, ONLY, Place::Node(ONLY))?;
        let mut segment = Segment::new(ONLY, Outlet::Card(bridge));
        let link = RelayedLink::new(String::new(), Outlet::Card(node));
        segment.links.insert(ONLY, link);
        relayed.segments.insert(ONLY, segment);
        relayed.treat();
        let ends = ends(outside, guest);
        let begun = meanwhile(relayed, || self.detour.begin(&ends));
        if begun.is_err() {
            forget(relayed);
        }
        begun
    }

    fn end(&mut self, relayed: &mut Relayed) -> io::Result<()> {
        meanwhile(relayed, || self.detour.close_exits())?;
        let began = Instant::now();
        while carry(relayed) || !is_read(relayed) && began.elapsed() < READING {
            thread::sleep(TICK);
        }
        let ended = meanwhile(relayed, || self.detour.close_entries());
        forget(relayed);
        ended
    }
}

impl Mover for Card {
    fn arrange(&mut self, relayed: &mut Relayed, events: &OwnedFd) -> io::Result<()> {
        let is_in_relay = relayed.segments.contains_key(&ONLY);
        match (relayed.faults.concern(ONLY, ONLY, &[]), is_in_relay) {
            (true, false) => self.begin(relayed, events)?,
            (false, true) => self.end(relayed)?,
            _ => {}
        }
        relayed.treat();
        Ok(())
    }
}

/// Returns the ends of the detour, given those of the relay's two places.
fn ends(outside: FarEnds, guest: FarEnds) -> Ends {
    Ends {
        from_guest: guest.frames_from,
        to_guest: guest.frames_to,
        from_outside: outside.frames_from,
        to_outside: outside.frames_to,
    }
}

/// Does something with the emulator, and carries frames meanwhile: it does not go on before somebody
/// has read what it writes.
fn meanwhile(
    relayed: &mut Relayed,
    work: impl FnOnce() -> io::Result<()> + Send,
) -> io::Result<()> {
    thread::scope(|scope| {
        let working = scope.spawn(work);
        while !working.is_finished() {
            carry(relayed);
            thread::sleep(TICK);
        }
        let lost = |_| Err(io::Error::other("a thread has failed"));
        working.join().unwrap_or_else(lost)
    })
}

/// Carries what has come in; returns whether there was anything.
fn carry(relayed: &mut Relayed) -> bool {
    let places = [Place::Bridge, Place::Node(ONLY)];
    let carried = places.map(|place| relayed.serve(ONLY, place, AT_ONCE));
    carried.iter().any(|count| *count > 0)
}

/// Returns whether the emulator has read all that was sent to it.
fn is_read(relayed: &Relayed) -> bool {
    let segment = relayed.segments.get(&ONLY);
    segment.is_none_or(|segment| {
        let places = [Place::Bridge, Place::Node(ONLY)].into_iter();
        let mut outlets = places.filter_map(|place| segment.packets(place));
        outlets.all(Outlet::is_read)
    })
}

fn forget(relayed: &mut Relayed) {
    relayed.forget_link(ONLY, ONLY);
    relayed.segments.remove(&ONLY);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::net::{RecvFlags, SendFlags, recv, send};

    #[test]
    fn what_the_guest_sends_goes_outside_and_what_comes_from_there_gets_to_it() {
        let mut relayed = Relayed::new().unwrap();
        let (bridge, outside) = Wires::make().unwrap();
        let (node, guest) = Wires::make().unwrap();
        let mut segment = Segment::new(ONLY, Outlet::Card(bridge));
        let link = RelayedLink::new(String::new(), Outlet::Card(node));
        segment.links.insert(ONLY, link);
        relayed.segments.insert(ONLY, segment);
        let ends = ends(outside, guest);
        let (of_guest, of_outside) = ([2; 6], [4; 6]);
        let ways = [
            (&ends.from_guest, &ends.to_outside, of_outside, of_guest),
            (&ends.from_outside, &ends.to_guest, of_guest, of_outside),
        ];
        for (from, to, receiver, sender) in ways {
            let frame = [&receiver[..], &sender, &[7; 48]].concat();
            send(from, &frame, SendFlags::empty()).unwrap();
            assert!(carry(&mut relayed));
            assert!(!is_read(&relayed));
            let mut read = [0; 100];
            let (_, length) = recv(to, &mut read[..], RecvFlags::DONTWAIT).unwrap();
            assert_eq!(read[..length], [&[0, 0, 0, 60][..], &frame].concat());
            assert!(is_read(&relayed) && !carry(&mut relayed));
        }
    }
}
