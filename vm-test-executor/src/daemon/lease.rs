//! One lease from request to end, in a thread of its own: decide the guest, wait for room, start, watch, destroy.

use super::admission::Admission;
use super::boot::{self, Boot};
use super::cgroup::Limits;
use super::devices::Devices;
use super::instance::{Belongings, Instance};
use super::layers::Layers;
use super::libraries::{Closure, Libraries};
use super::registry::Registry;
use super::spawner::Spawner;
use crate::config::{Guest, HOST_IMAGE, Init, Workspace};
use crate::host::idmaps::{IDS_HINT, IdMaps, NO_IDS, Source};
use crate::keeper::{MOST_TREES, World};
use crate::rootfs::{self, Lower, Plan, Tree};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vm_test::protocol::daemon::{InstanceStatus, LeaseRequest, Leased, Obituary, Reply};
use vm_test::protocol::failure::Failure;
use vm_test::protocol::{LIBRARIES, frame};

/// A lease that waits says so after this long, and then again.
const PATIENCE: Duration = Duration::from_secs(10);

/// What all leases of a daemon share.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) admission: Admission,
    pub(super) registry: Registry,
    pub(super) spawner: Spawner,
    pub(super) maps: IdMaps,
    pub(super) agent: PathBuf,
    pub(super) libraries: Libraries,
    /// The beginning of the names of journal entries.
    pub(super) journal: PathBuf,
    /// Part of every instance's name, so that names of different daemons differ.
    pub(super) run: String,
    /// Readable once the daemon stops.
    pub(super) stop: OwnedFd,
}

/// Serves a request for a lease on this connection until the lease ends.
pub(super) fn serve(host: &Host, stream: &UnixStream, request: &LeaseRequest) {
    if let Err(failure) = lease(host, stream, request) {
        // If the client is gone, nobody wants to know.
        let _ = frame::write(stream, &Reply::Refused(failure));
    }
    let _ = stream.shutdown(Shutdown::Both);
}

fn lease(host: &Host, stream: &UnixStream, request: &LeaseRequest) -> Result<(), Failure> {
    let workspace = Workspace::find(Path::new(&request.manifest_dir))?;
    let guest = workspace.guest(&request.guest, &request.settings)?;
    let as_root = host.maps.source == Source::Root;
    check(&guest, &host.maps.source)?;
    let init = boot::init(&guest, request)?;
    let mut waited = Instant::now();
    let admitted = host.admission.admit(guest.memory, guest.cpus, |reason| {
        if waited.elapsed() < PATIENCE {
            return is_there(stream);
        }
        waited = Instant::now();
        frame::write(stream, &Reply::Queued(reason.to_owned())).is_ok()
    })?;
    let Some(_admitted) = admitted else {
        return Ok(());
    };
    let number = host.registry.next_number();
    let name = format!("{}-{}-{number}", guest.name, host.run);
    let limits = Limits::new(&name, guest.memory).ok();
    // Dropped after the instance is gone.
    let layers = Layers::of(&guest, request)?;
    let description = layers
        .as_ref()
        .map_or_else(|| guest.description(), |layers| layers.describe(&guest));
    let devices = Devices::of(&guest, as_root, &host.journal, number)?;
    let boot = match init {
        Init::Agent => None,
        Init::System => {
            let owner = as_root.then(|| host.maps.root_of(number));
            Some(Boot::new(&guest, &name, owner)?)
        }
    };
    let world = World {
        // What a step of a recipe writes is on disk, where it is no memory of the guest's.
        watch_memory: limits.is_none() && request.build.is_none(),
        ..world(
            host,
            &guest,
            request,
            layers.as_ref(),
            &name,
            &devices,
            init,
        )?
    };
    let leased = Leased {
        instance: name.clone(),
        description: description.clone(),
        timeout: guest.timeout,
        boot_timeout: guest.boot_timeout,
        env: guest.env.clone(),
        memory: guest.memory,
        caveat: caveat(&guest, as_root),
    };
    if frame::write(stream, &Reply::Leased(leased)).is_err() {
        return Ok(());
    }
    let belongings = Belongings {
        limits,
        devices,
        boot,
    };
    let started = Instance::start(
        &world,
        number,
        stream,
        &host.maps,
        belongings,
        &host.spawner,
    );
    let instance = match started {
        Ok(instance) => instance,
        Err(failure) => {
            // The stream may be the agent's already, so the cause goes where the client asks for it.
            let obituary = Obituary {
                cause: Some(failure),
                oom_kills: 0,
            };
            host.registry.bury(&name, obituary);
            return Ok(());
        }
    };
    let status = InstanceStatus {
        instance: name.clone(),
        guest: guest.name.clone(),
        description,
        purpose: request.purpose.clone(),
        keeper: instance.keeper(),
        holder: request.pid,
        age: 0,
        memory: guest.memory,
    };
    host.registry
        .insert(status, instance.oom_watch(), instance.console());
    let event = instance.wait(stream, &host.stop);
    // Released means that nobody will ask; everything else is known before the client sees the end of the stream.
    let obituary = instance.destroy(event);
    host.registry.bury(&name, obituary);
    Ok(())
}

/// What root in the guest may not do here, for the reader of a failure.
fn caveat(guest: &Guest, as_root: bool) -> Option<String> {
    (guest.image == HOST_IMAGE && !as_root).then(|| {
        format!(
            "in guest `{}` the files of the host's root belong to nobody and cannot be changed, because an ordinary user runs it: run the tests as root, or use an image",
            guest.name
        )
    })
}

fn check(guest: &Guest, maps: &Source) -> Result<(), Failure> {
    let cannot =
        |cause: &str| Failure::new(format!("cannot start guest `{}`: {cause}", guest.name));
    if guest.privileged && *maps != Source::Root {
        return Err(cannot(
            "privileged = true needs root on the host, and this is an ordinary user",
        )
        .hint("without privileged, root in the guest is root over all that is the guest's own"));
    }
    if *maps == Source::Single {
        return Err(cannot(NO_IDS).hint(IDS_HINT));
    }
    Ok(())
}

fn world(
    host: &Host,
    guest: &Guest,
    request: &LeaseRequest,
    layers: Option<&Layers>,
    instance: &str,
    devices: &Devices,
    init: Init,
) -> Result<World, Failure> {
    let as_root = host.maps.source == Source::Root;
    let shares: Vec<_> = request.shares.iter().map(PathBuf::from).collect();
    let mut plan = match layers {
        None => rootfs::host_plan(as_root, &shares),
        Some(layers) => rootfs::image_plan(as_root, &layers.below, layers.above.clone(), &shares),
    };
    let installed = host.agent.parent().unwrap_or(Path::new("/")).to_path_buf();
    let agent = if as_root {
        // The directories above may be closed to the ids of the guest; a descriptor passes through.
        plan.trees.push(Tree {
            path: installed,
            optional: false,
        });
        Lower::Tree(plan.trees.len() - 1)
    } else {
        Lower::Path(installed)
    };
    let own_files = layers.is_none();
    let loader = match own_files {
        true => None,
        false => bring_libraries(host, request, as_root, &mut plan)?,
    };
    if plan.trees.len() > MOST_TREES {
        return Err(Failure::new(format!(
            "cannot start guest `{}`: it needs {} mounts of the host, and at most {MOST_TREES} are possible",
            guest.name,
            plan.trees.len()
        )));
    }
    Ok(World {
        instance: instance.to_owned(),
        guest: guest.name.clone(),
        backend: guest.backend,
        plan,
        agent,
        loader,
        memory: guest.memory,
        watch_memory: false,
        boot_timeout: (init == Init::System).then_some(guest.boot_timeout),
        user_namespace: !guest.privileged,
        host_network: request.build.as_ref().is_some_and(|build| build.network),
        real_root: as_root || !own_files,
        device_files: as_root && !devices.paths.is_empty(),
        devices: devices.paths.clone(),
    })
}

/// Brings the libraries of the agent and of the program along, for a guest whose own may not do; the agent's loader.
fn bring_libraries(
    host: &Host,
    request: &LeaseRequest,
    as_root: bool,
    plan: &mut Plan,
) -> Result<Option<PathBuf>, Failure> {
    let mut closure = match &request.program {
        Some(program) => host
            .libraries
            .of(Path::new(program), &request.library_path)?,
        None => Closure::new(),
    };
    let own = host.libraries.of(&host.agent, "")?;
    let loader = own.keys().find(|name| name.starts_with("ld-")).cloned();
    closure.extend(own);
    for (name, path) in closure {
        plan.add_file(Path::new(LIBRARIES).join(name), path, as_root);
    }
    Ok(loader.map(|name| Path::new(LIBRARIES).join(name)))
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
