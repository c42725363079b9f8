//! One lab, in its own thread: decide it, wait for room for all of its nodes, start its keeper,
//! live, end. Its nodes are leased one by one, as instances.

use super::super::instance::LabKeeper;
use super::super::prepare;
use super::captures::Captures;
use super::holding::Holding;
use super::host::Host;
use super::labs::LivingLab;
use super::{orders, queue};
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::HashSet;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::time::Instant;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::lab::{LabLeased, LabRequest};

/// Serves a request for a lab on this connection until the connection is closed.
pub(crate) fn serve(host: &Host, stream: &UnixStream, request: &LabRequest) {
    // If the daemon is stopping, the client gets no answer and asks the next daemon.
    if let Err(failure) = lab(host, stream, request)
        && !host.gate.is_closed()
    {
        // If the client is gone, nobody needs the answer.
        let _ = frame::write(stream, &Reply::Refused(failure));
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn lab(host: &Host, stream: &UnixStream, request: &LabRequest) -> Result<(), Failure> {
    let plan = prepare::lab(request)?;
    let (memory, cpus) = prepare::needs(&plan);
    let what = format!("memory for the nodes of lab `{}`", plan.name);
    host.admission.check(memory, &what)?;
    let Some(room) = queue::admit(host, stream, memory, cpus)? else {
        return Ok(());
    };
    if request.hold.is_some() {
        let kept = room.admitted.keep();
        kept.map_err(|cause| {
            Failure::new(format!("cannot hold lab `{}`: {cause}", plan.name))
                .hint("`vm-test rm --all` ends all that is kept, `vm-test ps` lists it")
        })?;
    }
    let tools = &host.tools;
    let (_, name) = tools.names.next(&plan.name);
    let networks = prepare::networks(&plan);
    let keeper = LabKeeper::start(&name, networks, &tools.maps, &tools.spawner)?;
    let granted = LabLeased {
        lab: name.clone(),
        nodes: prepare::entries(&plan),
    };
    let captures = Captures::of(&name, request.entry.clone());
    let entry = host.labs.insert(LivingLab {
        name,
        purpose: request.purpose.clone(),
        since: Instant::now(),
        captures,
        plan,
        keeper,
        room,
        leased: Mutex::new(HashSet::new()),
        holding: Holding::of(request),
    });
    if host.gate.is_closed() || frame::write(stream, &Reply::Lab(granted)).is_err() {
        return Ok(());
    }
    // Whatever comes first ends the lab.
    let mut ends = [
        PollFd::new(stream, PollFlags::IN | PollFlags::RDHUP),
        PollFd::new(entry.lab.keeper.process(), PollFlags::IN),
        PollFd::new(&tools.stop, PollFlags::IN),
    ];
    loop {
        match poll(&mut ends, None) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(_) => return Ok(()),
            Ok(_) => {}
        }
        let is_asked = ends[0].revents() == PollFlags::IN;
        if !is_asked || ends[1..].iter().any(|end| !end.revents().is_empty()) {
            return Ok(());
        }
        let Ok(Some(Request::Order(order))) = frame::read(stream) else {
            return Ok(());
        };
        let done = orders::carry_out(&entry.lab, &order);
        if frame::write(stream, &Reply::Done(done)).is_err() {
            return Ok(());
        }
    }
}
