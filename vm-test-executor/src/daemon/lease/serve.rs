//! One lease, in its own thread: decide the guest, wait for room, prepare an instance, start it or
//! take a spare, live, close. Once the instance runs, `life` takes over.

use super::super::instance::{Console, Event, Instance, Parent, boots};
use super::super::prepare::{self, Next, Ready};
use super::host::Host;
use super::leased_node::LeasedNode;
use super::ledger;
use super::life::{self, Ending};
use super::model::Model;
use super::queue;
use super::registry::Living;
use super::room::Room;
use super::set_up;
use super::spare::Spare;
use super::spare_lab::SpareNode;
use super::standby;
use crate::config::Guest;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, SystemTime};
use vm_test_protocol::daemon::{ExitReport, LeaseRequest, Leased, Reply};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::startup::Startup;

/// Serves a request for a lease on this connection until the lease ends.
pub(crate) fn serve(host: &Host, stream: &UnixStream, request: &LeaseRequest) {
    std::thread::scope(|scope| {
        let prepare_next = |model: &Model| {
            // A container is started fast: one ahead is worth its work only where tests follow one
            // another.
            if model.next == Next::Container && !host.spares.is_repeated(&model.assignment) {
                return;
            }
            for _ in 0..host.spares.wanted(&model.assignment) {
                let model = model.clone();
                let prepare = move || standby::prepare(host, model);
                // If no thread can be started, the next lease starts a new instance.
                let _ = std::thread::Builder::new().spawn_scoped(scope, prepare);
            }
        };
        let asked = SystemTime::now();
        let leased = lease(host, stream, request, &prepare_next);
        // If the daemon is stopping, the client gets no answer and asks the next daemon.
        if let Err(failure) = leased
            && !host.gate.is_closed()
        {
            // Recorded before the answer, after which somebody may look.
            ledger::close_unopened(request, asked, None, &failure);
            // If the client is gone, nobody needs the answer.
            let _ = frame::write(stream, &Reply::Refused(failure));
        }
        let _ = stream.shutdown(Shutdown::Both);
    });
}

/// Serves a lease. `prepare_next` prepares instances like this lease's for the next leases.
fn lease(
    host: &Host,
    stream: &UnixStream,
    request: &LeaseRequest,
    prepare_next: &dyn Fn(&Model),
) -> Result<(), Failure> {
    let node = request.node.as_ref();
    let node = node.map(|node| LeasedNode::take(&host.labs, node));
    let mut node = node.transpose()?;
    let mut order = match &node {
        Some(node) => prepare::decide_node(&host.tools, request, node.guest(), node.on_lab())?,
        None => prepare::decide(&host.tools, request)?,
    };
    let asked = SystemTime::now();
    let Some(set_up) = set_up::carry_out(host, stream, &mut order)? else {
        return Ok(());
    };
    let room = match &node {
        // All nodes of a lab were given room at once.
        Some(node) => Some(node.room()),
        None => admit(host, stream, &order.guest)?,
    };
    let Some(room) = room else {
        return Ok(());
    };
    // Dropped after everything that the instance is made of.
    let ending = Ending::among(&host.tools.ending);
    let say = |reason: &str| {
        // If the client is gone, the next one can use what is made.
        let _ = frame::write(stream, &Reply::Queued(reason.to_owned()));
    };
    let again = node
        .as_ref()
        .map(|node| node.again(&host.tools, &order.guest));
    let mut ready = match again.transpose()?.flatten() {
        Some(ready) => ready,
        None => prepare::prepare(&host.tools, &order, &say)?,
    };
    let spare = spare_for(host, stream, &ready, node.as_mut());
    if let Some(node) = &mut node
        && spare.is_none()
    {
        node.equip(&mut ready)?;
    }
    let boots = ready.boots_with().filter(|_| node.is_some());
    let turn = boots.map(|accelerator| prepare::to_boot(&host.tools, accelerator, &say));
    let granted = grant(
        &order.guest,
        &ready,
        spare.as_ref(),
        room.waited + set_up.took,
    );
    if host.gate.is_closed() || frame::write(stream, &Reply::Leased(granted.clone())).is_err() {
        return Ok(());
    }
    if let Some(node) = &node {
        node.note_keep(granted.keep_for);
    }
    let instance = match start(host, stream, &mut ready, spare, node.as_ref()) {
        Ok(instance) => instance,
        Err(failure) => {
            refuse_granted(host, request, asked, &granted, failure);
            return Ok(());
        }
    };
    let living = Living::new(&instance, &ready, granted, request, asked, room.admitted);
    // A test has a log anyway.
    let console = instance.console().filter(|_| request.entry.is_none());
    let name = instance.name.clone();
    let event = life::live(host, stream, instance, living, &ending, || {
        let Some(node) = &mut node else {
            return Model::after(&order, &ready).iter().for_each(prepare_next);
        };
        node.note(Model::of(&order, &ready));
        node.await_up(stream, &host.tools.stop);
        drop(turn);
    });
    let is_ordered = node.as_ref().is_some_and(LeasedNode::is_ordered_off);
    close(host, request, &name, console.filter(|_| !is_ordered), event);
    Ok(())
}

/// Waits for room; returns `None` if the client goes away first.
fn admit(host: &Host, stream: &UnixStream, guest: &Guest) -> Result<Option<Room>, Failure> {
    let footprint = prepare::footprint(guest);
    if !guest.disks.is_empty() {
        host.admission.check(footprint, "memory and disks")?;
    }
    queue::admit(host, stream, footprint, guest.cpus)
}

/// Returns a spare, with the client's stream attached.
fn spare_for(
    host: &Host,
    stream: &UnixStream,
    ready: &Ready,
    node: Option<&mut LeasedNode>,
) -> Option<Spare> {
    ready.next?;
    let Some(node) = node else {
        let spare = host.spares.take(&ready.assignment);
        return spare.filter(Spare::is_alive)?.attach(stream);
    };
    let SpareNode { spare, outfit, .. } = node.ahead(&ready.assignment)?;
    let spare = spare.attach(stream)?;
    node.take_over(outfit, ready, &spare);
    Some(spare)
}

/// Returns what the client is told about its instance.
fn grant(guest: &Guest, ready: &Ready, spare: Option<&Spare>, waited: Duration) -> Leased {
    Leased {
        instance: spare
            .map_or(&*ready.assignment.instance, Spare::name)
            .to_owned(),
        kind: ready.assignment.kind(),
        startup: spare.map_or_else(|| ready.startup(), |_| Startup::Spare),
        description: ready.description.clone(),
        timeout: ready.timeout,
        boot_timeout: ready.boot_timeout,
        env: guest.env.clone(),
        export: guest.export.clone(),
        memory_bytes: guest.memory,
        waited,
        keep_for: guest.keep.then_some(Duration::from_millis(guest.keep_for)),
        caveat: ready.caveat.clone(),
        shortage: ready.shortage.clone(),
        writes_to_memory: ready.writes_to_memory,
        forwards: ready.forwards.clone(),
    }
}

fn start(
    host: &Host,
    stream: &UnixStream,
    ready: &mut Ready,
    spare: Option<Spare>,
    node: Option<&LeasedNode>,
) -> Result<Instance, Failure> {
    if let Some(spare) = spare {
        return spare.begin();
    }
    prepare::limit(&mut ready.assignment, &mut ready.belongings);
    let belongings = std::mem::take(&mut ready.belongings);
    let (tools, assignment) = (&host.tools, &ready.assignment);
    match node {
        Some(node) => {
            let ports = node.ports();
            let parent = Parent::Lab(node.keeper(), &ports);
            tools.start_below(&parent, assignment, ready.number, stream, belongings)
        }
        None => tools.start(assignment, ready.number, stream, belongings),
    }
}

/// Records the console of a VM that has died, unless its test's log has it.
fn close(
    host: &Host,
    request: &LeaseRequest,
    instance: &str,
    console: Option<Console>,
    event: Event,
) {
    if let Some(console) = console.filter(|_| matches!(event, Event::Died | Event::Abandoned))
        && let Some(cause) = host.registry.exit_report(instance).and_then(|it| it.cause)
    {
        boots::keep(Path::new(&request.store), instance, &cause, &console);
    }
}

/// Reports that an instance could not be started after its client was told that it has one.
fn refuse_granted(
    host: &Host,
    request: &LeaseRequest,
    asked: SystemTime,
    granted: &Leased,
    failure: Failure,
) {
    ledger::close_unopened(request, asked, Some(granted), &failure);
    // The stream may already belong to the agent, so the cause goes where the client looks for it.
    let exit_report = ExitReport {
        cause: Some(failure),
        oom_kills: 0,
    };
    host.registry.retire(&granted.instance, exit_report);
}

#[cfg(test)]
mod tests;
