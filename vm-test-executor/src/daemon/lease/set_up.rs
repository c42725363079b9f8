//! The set-up of a lease's guest: one client is told to run it, the others wait for what it leaves,
//! or for why it has failed. Runs nothing itself.

use super::super::prepare::{self, Order, Planned};
use super::host::Host;
use super::queue::{PATIENCE, is_there};
use crate::image::{Held, Reservation};
use rustix::event::{PollFd, PollFlags, poll};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;

/// How often it is looked whether a set-up that another client runs has ended.
const LOOK: Duration = Duration::from_millis(20);

/// A guest that is set up.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// Keeps what its set-up has written until it is used.
    _held: Held,
    /// How long that took.
    pub(super) took: Duration,
}

/// Has the set-up of an order run, unless that has been done or there is none, and makes the order
/// start from what it has done; returns `None` if the client goes away first.
///
/// # Errors
/// If it cannot run, or has failed.
pub(super) fn carry_out(
    host: &Host,
    stream: &UnixStream,
    order: &mut Order<'_>,
) -> Result<Option<Done>, Failure> {
    let Some(set_up) = order.request.set_up.as_ref() else {
        return Ok(Some(Done::default()));
    };
    let began = Instant::now();
    let planned = prepare::set_up(&host.tools, order, set_up)?;
    let entry = order.request.entry.as_ref();
    let run = entry.map_or("", |entry| entry.run.as_str());
    let failed = || host.failed_set_ups.find(&planned.name, run);
    let mut said = None;
    loop {
        if let Some(held) = planned.find()? {
            order.start_from(&planned.name);
            return Ok(Some(Done {
                _held: held,
                took: began.elapsed(),
            }));
        }
        if let Some(failure) = failed() {
            return Err(failure);
        }
        let Some(reservation) = planned.try_reserve()? else {
            if !wait(host, stream, &order.guest.name, &planned, &mut said) {
                return Ok(None);
            }
            continue;
        };
        // Another client's may have ended between the looks at it and this.
        if planned.find()?.is_some() || failed().is_some() {
            continue;
        }
        let note = |failure: &Failure| host.failed_set_ups.note(&planned.name, run, failure);
        if !by_client(stream, &host.tools.stop, &planned, reservation, &note)? {
            return Ok(None);
        }
    }
}

/// Has the client run it, and keeps what it has written, or notes why it has failed; returns false,
/// and keeps nothing, if the client goes away or the daemon stops.
fn by_client(
    stream: &UnixStream,
    stop: &OwnedFd,
    planned: &Planned,
    reservation: Reservation,
    note: &dyn Fn(&Failure),
) -> Result<bool, Failure> {
    let session = planned.begin(reservation)?;
    let said = frame::write(stream, &Reply::SetUp(session.layer()))
        .ok()
        .and_then(|()| hear(stream, stop));
    let ended = match said {
        Some(Request::HasSetUp(Ok(()))) => planned.commit(&session),
        Some(Request::HasSetUp(Err(failure))) => Err(failure),
        _ => return Ok(false),
    };
    // Before others may run it.
    ended.as_ref().err().into_iter().for_each(note);
    drop(session);
    ended.map(|()| true)
}

/// Waits for a word of the client; returns `None` if it goes away or the daemon stops.
fn hear(stream: &UnixStream, stop: &OwnedFd) -> Option<Request> {
    let mut fds = [
        PollFd::new(stream, PollFlags::IN),
        PollFd::new(stop, PollFlags::IN),
    ];
    while let Err(rustix::io::Errno::INTR) = poll(&mut fds, None) {}
    if !fds[1].revents().is_empty() {
        return None;
    }
    frame::read(stream).ok().flatten()
}

/// Waits a moment for another client's set-up; returns false if this client goes away or the daemon
/// stops.
fn wait(
    host: &Host,
    stream: &UnixStream,
    guest: &str,
    planned: &Planned,
    said: &mut Option<Instant>,
) -> bool {
    std::thread::sleep(LOOK);
    if host.gate.is_closed() {
        return false;
    }
    if said.is_some_and(|said| said.elapsed() < PATIENCE) {
        return is_there(stream);
    }
    *said = Some(Instant::now());
    let reason = format!(
        "another test runs the set-up `{}` of guest `{guest}`",
        planned.function
    );
    frame::write(stream, &Reply::Queued(reason)).is_ok()
}
