//! The relay of a lab's keeper: a thread that carries the frames of links with a fault, while the
//! kernel's bridges carry all others. Touches no frame itself.

use super::links::Links;
use super::messages::Fault;
use super::moves::{Bridge, Mover};
use super::relayed::{AT_ONCE, Interface, Relayed, of_token};
use crate::{proxy, sync};
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::io;
use std::os::fd::OwnedFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use vm_test_protocol::impairment::Tally;

/// Held frames go on in portions, so that the queues of those that receive them can empty.
const PAUSE: Duration = Duration::from_millis(1);

/// How long held frames may take to go on. A node that floods its link could go on for ever.
const MOST_RELEASE: Duration = Duration::from_secs(5);

/// The number of the timer among the places where frames come in.
const TIMER: u64 = u64::MAX;

/// The relay of a lab.
#[derive(Debug)]
pub(super) struct Relay {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    events: OwnedFd,
    relayed: Mutex<Relayed>,
}

/// What came of the end of a fault.
#[derive(Debug)]
pub(super) struct Mended {
    pub(super) delivered: u64,
    pub(super) lost: u64,
}

impl Relay {
    /// Starts the relay, which carries nothing so far.
    pub(super) fn start() -> io::Result<Self> {
        let (events, relayed) = (epoll::create(CreateFlags::CLOEXEC)?, Relayed::new()?);
        let number = EventData::new_u64(TIMER);
        epoll::add(&events, relayed.timer(), number, EventFlags::IN)?;
        let relayed = Mutex::new(relayed);
        let shared = Arc::new(Shared { events, relayed });
        let its_own = Arc::clone(&shared);
        let run = move || {
            let _ = catch_unwind(AssertUnwindSafe(|| its_own.run()));
            // A lab that loses frames for another reason than a fault would mislead its test.
            std::process::exit(1);
        };
        std::thread::Builder::new().spawn(run)?;
        Ok(Self { shared })
    }

    /// Adds the link of a node to a network, whose interface has just joined the bridge. It
    /// replaces an earlier link of that node.
    pub(super) fn add_link(
        &self,
        node: usize,
        interface: Interface,
        bridge: &Bridge<'_>,
        links: &mut Links,
    ) -> io::Result<()> {
        let mut relayed = sync::lock(&self.shared.relayed);
        relayed.forget_link(node, bridge.number);
        relayed.know_link(node, bridge.number, interface);
        relayed.arrange(&self.shared.events, bridge, links)?;
        relayed.send_due();
        Ok(())
    }

    /// Adds a fault; returns its number.
    pub(super) fn add_fault(&self, fault: Fault, mover: &mut dyn Mover) -> io::Result<u64> {
        let mut relayed = sync::lock(&self.shared.relayed);
        let now = relayed.now();
        let number = relayed.faults.add(fault, now);
        let number = number.ok_or_else(|| io::Error::other("it has too many faults already"))?;
        if let Err(error) = mover.arrange(&mut relayed, &self.shared.events) {
            relayed.faults.remove(number);
            // What could not be moved there can hardly be moved back; the first error says more.
            let _ = mover.arrange(&mut relayed, &self.shared.events);
            return Err(error);
        }
        relayed.send_due();
        Ok(number)
    }

    /// Returns what has come of the impairment with this number.
    pub(super) fn tally(&self, number: u64) -> io::Result<Tally> {
        let relayed = sync::lock(&self.shared.relayed);
        let tally = relayed.faults.tally(number).cloned();
        tally.ok_or_else(|| io::Error::other("it has no such fault"))
    }

    /// Frames for this proxy belong to it from now on, and not to its node.
    pub(super) fn divert(
        &self,
        number: u64,
        proxy: proxy::Start,
        mover: &mut dyn Mover,
    ) -> io::Result<()> {
        let mut relayed = sync::lock(&self.shared.relayed);
        relayed.diverted.begin(number, proxy);
        mover.arrange(&mut relayed, &self.shared.events)
    }

    /// Frames for this proxy are the node's again.
    pub(super) fn divert_no_more(&self, number: u64, mover: &mut dyn Mover) -> io::Result<()> {
        let mut relayed = sync::lock(&self.shared.relayed);
        relayed.diverted.end(number);
        mover.arrange(&mut relayed, &self.shared.events)
    }

    /// Removes a fault. Frames that were kept for it alone go on before any later ones.
    pub(super) fn mend(&self, number: u64, mover: &mut dyn Mover) -> io::Result<Mended> {
        let began = Instant::now();
        let mut relayed = sync::lock(&self.shared.relayed);
        if !relayed.faults.remove(number) {
            return Err(io::Error::other("it has no such fault"));
        }
        relayed.treat();
        while relayed.release() {
            drop(relayed);
            std::thread::sleep(PAUSE);
            relayed = sync::lock(&self.shared.relayed);
            if began.elapsed() > MOST_RELEASE {
                relayed.discard_due();
            }
        }
        let [delivered, lost] = relayed.counts();
        mover.arrange(&mut relayed, &self.shared.events)?;
        relayed.send_due();
        Ok(Mended { delivered, lost })
    }
}

impl Shared {
    fn run(&self) {
        let mut events: Vec<Event> = Vec::with_capacity(64);
        loop {
            events.clear();
            let room = rustix::buffer::spare_capacity(&mut events);
            match epoll::wait(&self.events, room, None) {
                Ok(_) | Err(rustix::io::Errno::INTR) => {}
                Err(_) => return,
            }
            for event in &events {
                let mut relayed = sync::lock(&self.relayed);
                match event.data.u64() {
                    TIMER => relayed.has_woken(),
                    number => {
                        let (network, place) = of_token(number);
                        relayed.serve(network, place, AT_ONCE);
                    }
                }
            }
            sync::lock(&self.relayed).send_due();
        }
    }
}
