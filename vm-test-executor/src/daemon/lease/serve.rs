//! One lease, in its own thread: decide the guest, wait for room, take a spare or start an instance. Once the instance runs,
//! `life` takes over.

use super::super::instance::{Event, boots};
use super::super::prepare::{Ready, boot, container, hardware, machine};
use super::admission::Admitted;
use super::host::Host;
use super::ledger;
use super::life::{self, Ending};
use super::registry::Living;
use super::spare::Spare;
use super::standby::{self, Model};
use crate::config::{Backend, Guest, Rollback, Workspace};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};
use vm_test::protocol::daemon::{InstanceStatus, LeaseRequest, Leased, Obituary, Reply};
use vm_test::protocol::failure::Failure;
use vm_test::protocol::frame;

/// A lease that waits says so after this long, and then again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Room for an instance, and how long it was waited for.
struct Room {
    admitted: Arc<Admitted>,
    waited: Duration,
}

/// Serves a request for a lease on this connection until the lease ends.
pub(crate) fn serve(host: &Host, stream: &UnixStream, request: &LeaseRequest) {
    std::thread::scope(|scope| {
        let prepare_next = |model: &Model| {
            for _ in 0..host.spares.wanted(&model.world) {
                let model = model.clone();
                let prepare = move || standby::prepare(host, model);
                // If no thread can be made, the next lease starts a new VM.
                let _ = std::thread::Builder::new().spawn_scoped(scope, prepare);
            }
        };
        let asked = SystemTime::now();
        let leased = lease(host, stream, request, &prepare_next);
        // Of a daemon that goes nobody learns more than that: the next one gives the answer.
        if let Err(failure) = leased
            && !host.gate.is_closed()
        {
            // Before the answer, behind which somebody may look.
            ledger::close_unopened(request, asked, None, &failure);
            // If the client is gone, nobody wants to know.
            let _ = frame::write(stream, &Reply::Refused(failure));
        }
        let _ = stream.shutdown(Shutdown::Both);
    });
}

/// `prepare_next` has others like this lease's machine be prepared for the leases that come next.
fn lease(
    host: &Host,
    stream: &UnixStream,
    request: &LeaseRequest,
    prepare_next: &dyn Fn(&Model),
) -> Result<(), Failure> {
    let guest = decide(host, request)?;
    let init = boot::init(&guest, request)?;
    let asked = SystemTime::now();
    let Some(room) = wait_for_room(host, stream, &guest)? else {
        return Ok(());
    };
    let (number, own) = host.tools.names.next(&guest.name);
    let say = |reason: &str| {
        // If the client is gone, what is made is there for the next one.
        let _ = frame::write(stream, &Reply::Queued(reason.to_owned()));
    };
    // Goes after what the instance is made of.
    let ending = Ending::among(&host.tools.ending);
    let ready = match guest.backend {
        Backend::Lxc => container::prepare(&host.tools, &guest, request, init, number, &own)?,
        Backend::Kvm => machine::prepare(&host.tools, &guest, request, init, &own, &say)?,
    };
    let spare = ready.next.and_then(|_| host.spares.take(&ready.world));
    let spare = spare.filter(Spare::is_alive);
    let spare = spare.and_then(|spare| spare.attach(stream));
    let name = spare.as_ref().map_or(own, |spare| spare.name().to_owned());
    let leased = grant(&guest, &ready, &name, room.waited);
    if host.gate.is_closed() {
        return Ok(());
    }
    if frame::write(stream, &Reply::Leased(leased.clone())).is_err() {
        return Ok(());
    }
    let started = match spare {
        Some(spare) => spare.begin(),
        None => host
            .tools
            .start(&ready.world, number, stream, ready.belongings),
    };
    let instance = match started {
        Ok(instance) => instance,
        Err(failure) => {
            ledger::close_unopened(request, asked, Some(&leased), &failure);
            // The stream may be the agent's already, so the cause goes where the client asks for it.
            let obituary = Obituary {
                cause: Some(failure),
                oom_kills: 0,
            };
            host.registry.bury(&name, obituary);
            return Ok(());
        }
    };
    let living = Living {
        since: Instant::now(),
        asked,
        status: InstanceStatus {
            instance: name,
            guest: guest.name.clone(),
            kernel: ready.kernel,
            description: ready.description,
            purpose: request.purpose.clone(),
            keeper: instance.keeper(),
            holder: request.pid,
            age: 0,
            memory: guest.memory,
            kept: None,
        },
        granted: leased,
        entry: request.entry.clone(),
        admitted: room.admitted,
        watch: Arc::new(instance.oom_watch()),
        console: instance.console(),
        record: None,
        kept: None,
    };
    // A test is likely to be followed by another one; a command typed by a user is not.
    let next = ready.next.filter(|_| request.entry.is_some());
    let console = instance.console().filter(|_| request.entry.is_none());
    let name = instance.name.clone();
    let event = life::live(host, stream, instance, living, &ending, || {
        if let Some(accelerator) = next {
            prepare_next(&Model {
                guest,
                accelerator,
                world: ready.world,
                held: Arc::clone(&ready.held),
            });
        }
    });
    // Of a test there is a log already.
    if let Some(console) = console.filter(|_| matches!(event, Event::Died | Event::Abandoned))
        && let Some(cause) = host.registry.obituary(&name).and_then(|it| it.cause)
    {
        boots::keep(Path::new(&request.store), &name, &cause.message, &console);
    }
    Ok(())
}

/// The guest that is asked for, if this host can have it.
fn decide(host: &Host, request: &LeaseRequest) -> Result<Guest, Failure> {
    let workspace = Workspace::find(Path::new(&request.manifest_dir))?;
    let guest = workspace.guest(&request.guest, &request.settings)?;
    host.tools
        .maps
        .check(&format!("cannot start guest `{}`", guest.name))?;
    if guest.backend == Backend::Lxc {
        container::check(&host.tools, &guest)?;
    }
    Ok(guest)
}

/// Waits for room; `None` if the client has not waited as long.
fn wait_for_room(host: &Host, stream: &UnixStream, guest: &Guest) -> Result<Option<Room>, Failure> {
    let footprint = match guest.backend {
        Backend::Lxc => guest.memory,
        Backend::Kvm => hardware::footprint(guest),
    };
    if !guest.disks.is_empty() {
        host.admission.check(footprint, "memory and disks")?;
    }
    let began = Instant::now();
    let mut said = began;
    if !host.admission.has_room(footprint, guest.cpus) {
        host.spares.clear();
    }
    let admitted = host.admission.admit(footprint, guest.cpus, |reason| {
        host.spares.clear();
        if host.gate.is_closed() {
            return false;
        }
        if said.elapsed() < PATIENCE {
            return is_there(stream);
        }
        said = Instant::now();
        frame::write(stream, &Reply::Queued(reason.to_owned())).is_ok()
    })?;
    Ok(admitted.map(|admitted| Room {
        admitted: Arc::new(admitted),
        waited: began.elapsed(),
    }))
}

/// What the client is told of its instance.
fn grant(guest: &Guest, ready: &Ready, name: &str, waited: Duration) -> Leased {
    Leased {
        instance: name.to_owned(),
        description: ready.description.clone(),
        timeout: ready.timeout,
        boot_timeout: ready.boot_timeout,
        env: guest.env.clone(),
        export: guest.export.clone(),
        memory: guest.memory,
        waited: u64::try_from(waited.as_micros()).unwrap_or(u64::MAX),
        keep_for: guest.keep.then_some(guest.keep_for),
        caveat: ready.caveat.clone(),
        writes_to_memory: guest.backend == Backend::Lxc
            && guest.rollback != Some(Rollback::Snapshot),
    }
}

/// Whether the other end is still open.
fn is_there(stream: &UnixStream) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let mut fds = [PollFd::new(stream, PollFlags::RDHUP)];
    let now = Timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    !matches!(poll(&mut fds, Some(&now)), Ok(count) if count > 0)
}
