//! One lab, in its own thread: decide it, wait for room for all of its nodes, start its keeper or
//! take a lab that was started ahead, live, end. Its nodes are leased one by one, as instances.

use super::super::instance::LabKeeper;
use super::super::prepare;
use super::captures::Captures;
use super::holding::Holding;
use super::host::Host;
use super::labs::{About, LivingLab};
use super::spare_lab::{LabKind, SpareLab};
use super::{orders, queue, standby_lab};
use rustix::event::{PollFd, PollFlags, poll};
use std::collections::HashMap;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::time::Instant;
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::lab::{LabLeased, LabRequest};

/// Serves a request for a lab on this connection until the connection is closed.
pub(crate) fn serve(host: &Host, stream: &UnixStream, request: &LabRequest) {
    std::thread::scope(|scope| {
        let prepare_next = |lab: &LivingLab| {
            let Some(model) = lab.model() else {
                return;
            };
            let prepare = move || standby_lab::prepare_all(host, model);
            // If no thread can be started, the next test gets a new lab.
            let _ = std::thread::Builder::new().spawn_scoped(scope, prepare);
        };
        // If the daemon is stopping, the client gets no answer and asks the next daemon.
        if let Err(failure) = lab(host, stream, request, &prepare_next)
            && !host.gate.is_closed()
        {
            // If the client is gone, nobody needs the answer.
            let _ = frame::write(stream, &Reply::Refused(failure));
        }
        let _ = stream.shutdown(Shutdown::Both);
    });
}

/// Serves a lab. `prepare_next` prepares labs like it for the next tests.
fn lab(
    host: &Host,
    stream: &UnixStream,
    request: &LabRequest,
    prepare_next: &dyn Fn(&LivingLab),
) -> Result<(), Failure> {
    let kind = LabKind {
        plan: prepare::lab(&host.tools, request)?,
        program: request.program.clone(),
    };
    let (plan, tools) = (&kind.plan, &host.tools);
    let (memory, cpus) = prepare::needs(plan);
    let what = format!("memory for the nodes of lab `{}`", plan.name);
    host.admission.check(memory, &what)?;
    // One that is held is no test's.
    let spare = match request.hold {
        Some(_) => None,
        None => host.spare_labs.take(&kind).filter(SpareLab::is_alive),
    };
    // A lab that was started ahead has its memory.
    let needed = if spare.is_some() { 0 } else { memory };
    let Some(room) = queue::admit(host, stream, needed, cpus)? else {
        return Ok(());
    };
    if request.hold.is_some() {
        let kept = room.admitted.keep();
        kept.map_err(|cause| {
            Failure::new(format!("cannot hold lab `{}`: {cause}", plan.name))
                .hint("`vm-test rm --all` ends all that is kept, `vm-test ps` lists it")
        })?;
    }
    let nodes = prepare::entries(plan);
    let about = |name: &str| About {
        name: name.to_owned(),
        purpose: request.purpose.clone(),
        since: Instant::now(),
        captures: Captures::of(name, request.entry.clone()),
        holding: Holding::of(request),
    };
    let lab = match spare {
        Some(SpareLab {
            keeper,
            name,
            nodes,
            memory,
        }) => LivingLab::new(about(&name), kind, keeper, nodes, room, Some(memory)),
        None => {
            let (_, name) = tools.names.next(&plan.name);
            let networks = prepare::networks(plan);
            let keeper = LabKeeper::start(&name, networks, &tools.maps, &tools.spawner)?;
            let ahead = HashMap::new();
            LivingLab::new(about(&name), kind, keeper, ahead, room, None)
        }
    };
    let granted = LabLeased {
        lab: lab.about.name.clone(),
        nodes,
    };
    let entry = host.labs.insert(lab);
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
        let order = match frame::read(stream) {
            Ok(Some(Request::Order(order))) => order,
            Ok(Some(Request::LabBegins)) => {
                prepare_next(&entry.lab);
                continue;
            }
            _ => return Ok(()),
        };
        let done = orders::carry_out(&entry.lab, &host.admission, &order);
        if frame::write(stream, &Reply::Done(done)).is_err() {
            return Ok(());
        }
    }
}
