//! The world of a container: its root file system, and what runs in it.

use super::errors::keep_errors;
use super::handed::Handed;
use super::messages::{KeeperReport, describe_end};
use super::world::{self, Assignment, Container};
use super::{builder, forward, lab, mounts, outside, pipe};
use crate::backend::{self, Boot, Network, Unrun};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;
use vm_test_protocol::ALIVE;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::{handover, network};

/// How many process ids a guest has if no control group limits its processes.
///
/// Ids are reused after this many, so it is larger than a limit of processes would have to be.
const MOST_PROCESSES: u32 = 8192;

/// Makes the root file system and runs the container in it; the exit status of its first process.
/// `lost` is the failure that the daemon cannot be talked to.
pub(super) fn run(
    control: &UnixStream,
    assignment: &Assignment,
    container: &Container,
    mut handed: Handed,
    lost: impl Fn(io::Error) -> Failure,
) -> Result<i32, Unrun> {
    let boot = container
        .boot_timeout
        .map(|timeout| boot(timeout, &mut handed))
        .transpose()
        .map_err(&lost)?;
    let link = handed.link.take();
    let listeners = std::mem::take(&mut handed.forwards);
    let network = network(assignment, container).map_err(|error| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: keep its network apart: {error}",
            assignment.instance, assignment.guest
        ))
    })?;
    let ready = mounts::prepare(assignment, container, handed, network, boot)?;
    if let (world::Network::User, Network::Of(namespace)) = (assignment.network, &ready.network) {
        outside::open(assignment, namespace, link)?;
    }
    let switch = join(assignment, container, &ready.network)?;
    if let Network::Of(namespace) = &ready.network {
        let ports = listeners.into_iter().zip(&container.forwards);
        for (listener, port) in ports {
            forward::start(listener, namespace, *port).map_err(|error| {
                Failure::new(format!(
                    "cannot prepare instance {} of guest `{}`: forward its port {port}: {error}",
                    assignment.instance, assignment.guest
                ))
            })?;
        }
    }
    if container.boot_timeout.is_some() {
        let pipe = pipe::make(&builder::in_root(Path::new(ALIVE))).map_err(&lost)?;
        frame::write(control, &KeeperReport::Agent)
            .and_then(|()| handover::send(control, &pipe))
            .map_err(&lost)?;
    }
    if !container.privileged {
        leave_groups(assignment)?;
        if container.watch_memory {
            limit_processes();
        }
    }
    let errors = keep_errors(&ready.room).map_err(|error| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: keep its errors: {error}",
            assignment.instance, assignment.guest
        ))
        .because(Tried::File, &error)
    })?;
    let status = match &ready.boot {
        Some(boot) => backend::run_by_lxc(&ready, boot)?,
        None => backend::run_container(&ready)?,
    };
    drop(switch);
    match backend::last_line(&errors) {
        // An init writes its errors to the console.
        Some(words) if status != 0 && ready.boot.is_none() => Err(Failure::new(format!(
            "instance {} of guest `{}` died: its first process {}: {words}",
            assignment.instance,
            assignment.guest,
            describe_end(status)
        ))
        .into()),
        _ => Ok(status),
    }
}

/// Puts the container's interfaces on a network of their own, which is there as long as the result.
fn join(
    assignment: &Assignment,
    container: &Container,
    network: &Network,
) -> Result<Option<OwnedFd>, Failure> {
    let Network::Of(namespace) = network else {
        return Ok(None);
    };
    if container.interfaces.is_empty() {
        return Ok(None);
    }
    let joined = lab::join(namespace, container.interfaces.clone());
    joined.map(Some).map_err(|error| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: make its interfaces: {error}",
            assignment.instance, assignment.guest
        ))
    })
}

/// Returns the container's network.
///
/// On a lab's, this process leaves the namespace: root in the guest is root here, too, and could
/// otherwise connect to the socket on which liblxc takes commands.
fn network(assignment: &Assignment, container: &Container) -> io::Result<Network> {
    Ok(match assignment.network {
        // What carries its ports enters it, too, and the ends of its interfaces are put there.
        world::Network::None
            if !container.forwards.is_empty() || !container.interfaces.is_empty() =>
        {
            Network::Of(outside::namespace()?)
        }
        world::Network::None => Network::Own,
        world::Network::Host => Network::Host,
        world::Network::Lab => {
            let namespace = File::open("/proc/self/ns/net")?;
            network::leave()?;
            Network::Of(namespace.into())
        }
        world::Network::User => Network::Of(outside::namespace()?),
    })
}

fn boot(timeout: Duration, handed: &mut Handed) -> io::Result<Boot> {
    let console = handed.console.take().ok_or(io::ErrorKind::NotFound)?;
    Ok(Boot { timeout, console })
}

/// Leaves the user's supplementary groups, so that nothing in the guest has their rights.
///
/// They were needed to mount the workspace.
fn leave_groups(assignment: &Assignment) -> Result<(), Failure> {
    rustix::thread::set_thread_groups(&[]).map_err(|error| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: leave the user's groups: {error}",
            assignment.instance, assignment.guest
        ))
    })
}

/// Limits the processes of all users of the guest together, where no control group does.
///
/// A limit for each user would not do: root in the guest can multiply it by adding users. Kernels
/// before 6.14 have one setting for the whole host, and refuse.
fn limit_processes() {
    // It applies to this pid namespace and those below, whatever they set for themselves.
    let _ = std::fs::write("/proc/sys/kernel/pid_max", MOST_PROCESSES.to_string());
}
