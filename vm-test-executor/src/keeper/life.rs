//! The life of a keeper: takes its world from the daemon, runs the guest in it, and reports how
//! that ended.

use super::control::CONTROL;
use super::errors::keep_errors;
use super::world::{KeeperReport, World, describe_end};
use super::{builder, lease, machine, mounts, pipe};
use crate::backend::{self, Boot, Unrun};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::{ALIVE, frame};
use vm_test_sys::{filter, handover, inherited};

/// The argument that makes the program a keeper.
pub const COMMAND: &str = "__keeper";

/// How many process ids a guest has if no control group limits its processes.
///
/// Ids are reused after this many, so it is larger than a limit of processes would have to be.
const MOST_PROCESSES: u32 = 8192;

/// The most trees that one world may have.
pub const MOST_TREES: usize = 64;

/// Runs the keeper in a process that was started for it.
pub fn main() -> ExitCode {
    let control = match inherited::take(CONTROL) {
        Ok(control) => UnixStream::from(control),
        Err(error) => {
            eprintln!("vm-test: a keeper is started by the daemon only: {error}");
            return ExitCode::FAILURE;
        }
    };
    let report = match keep(&control) {
        Ok(status) => KeeperReport::Ended(status),
        Err(unrun) if unrun.is_unbooted => KeeperReport::Unbooted(unrun.failure),
        Err(unrun) => KeeperReport::Failed(unrun.failure),
    };
    // If the daemon is gone, nobody needs the report.
    let _ = frame::write(&control, &report);
    ExitCode::SUCCESS
}

/// Makes the world and runs the guest in it; returns the exit status of the guest's first process.
fn keep(control: &UnixStream) -> Result<i32, Unrun> {
    let lost = |error: io::Error| {
        Failure::new(format!("cannot take what the daemon hands over: {error}"))
            .because(Tried::Descriptor, &error)
    };
    let _ = inherited::set_inheritable(control, false);
    let world: World = frame::read(control)
        .map_err(lost)?
        .ok_or_else(|| Failure::new("cannot start: the daemon is gone"))?;
    let trees = receive_trees(
        control,
        world.plan.trees.len() + usize::from(world.device_files),
    )
    .map_err(lost)?;
    filter::refuse_what_is_the_users().map_err(|error| no_filter(&world, &error))?;
    if let Some(hardware) = &world.hardware {
        let console = handover::receive(control).map_err(lost)?;
        let console = console.ok_or_else(|| lost(io::ErrorKind::NotFound.into()))?;
        let foreign = match hardware.foreign {
            Some(_) => handover::receive(control).map_err(lost)?,
            None => None,
        };
        let lease = Box::new(lease::Daemon::new(control).map_err(lost)?);
        return machine::run(&world, hardware, trees, console, foreign, lease);
    }
    let boot = match world.boot_timeout {
        Some(timeout) => {
            let console = handover::receive(control).map_err(lost)?;
            console.map(|console| Boot { timeout, console })
        }
        None => None,
    };
    let machine = mounts::prepare(&world, trees, boot);
    if world.boot_timeout.is_some() {
        let path = builder::in_root(Path::new(ALIVE));
        let pipe = machine.as_ref().ok().map(|_| pipe::make(&path));
        let pipe = pipe.transpose().map_err(lost)?;
        handover::send(control, pipe.as_ref()).map_err(lost)?;
    }
    let machine = machine?;
    leave_groups(&world)?;
    limit_processes(&world);
    let errors = keep_errors(&machine.room).map_err(|error| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: keep its errors: {error}",
            world.instance, world.guest
        ))
        .because(Tried::File, &error)
    })?;
    let status = backend::run_container(&machine)?;
    match backend::last_line(&errors) {
        // An init writes its errors to the console.
        Some(words) if status != 0 && machine.boot.is_none() => Err(Failure::new(format!(
            "instance {} of guest `{}` died: its first process {}: {words}",
            world.instance,
            world.guest,
            describe_end(status)
        ))
        .into()),
        _ => Ok(status),
    }
}

/// Without the filter, root in an ordinary user's guest would have that user's keys.
fn no_filter(world: &World, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot prepare instance {} of guest `{}`: refuse it the kernel's keyrings: {error}",
        world.instance, world.guest
    ))
    .hint("this needs a kernel with system call filters (CONFIG_SECCOMP_FILTER), and a host that lets processes install one")
    .missing()
}

/// Leaves the user's supplementary groups, so that nothing in the guest has their rights.
///
/// They were needed to mount the workspace.
fn leave_groups(world: &World) -> Result<(), Failure> {
    if !world.user_namespace {
        return Ok(());
    }
    rustix::thread::set_thread_groups(&[]).map_err(|error| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: leave the user's groups: {error}",
            world.instance, world.guest
        ))
    })
}

/// Limits the processes of all users of the guest together, where no control group does.
///
/// A limit for each user would not do: root in the guest can multiply it by adding users. Kernels
/// before 6.14 have one setting for the whole host, and refuse.
fn limit_processes(world: &World) {
    if world.watch_memory && world.user_namespace {
        // It applies to this pid namespace and those below, whatever they set for themselves.
        let _ = std::fs::write("/proc/sys/kernel/pid_max", MOST_PROCESSES.to_string());
    }
}

/// Receives the descriptors of the detached trees, one by one; optional ones may be missing.
fn receive_trees(control: &UnixStream, count: usize) -> io::Result<Vec<Option<OwnedFd>>> {
    (0..count).map(|_| handover::receive(control)).collect()
}
