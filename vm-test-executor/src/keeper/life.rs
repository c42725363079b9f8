//! The life of a keeper: takes its assignment from the daemon, runs the guest, and reports how that
//! ended.

use super::control::CONTROL;
use super::handed::{Handed, unexpected};
use super::messages::{KeeperReport, ToKeeper};
use super::world::{Assignment, World};
use super::{container, lease, machine};
use crate::backend::Unrun;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::{filter, inherited};

/// The argument that makes the program a keeper.
pub const COMMAND: &str = "__keeper";

/// The most trees that one world may have.
pub const MOST_TREES: usize = 64;

/// Runs the keeper of a lab's node in a process that was started for it.
pub fn main() -> ExitCode {
    match hold() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Runs the keeper in this process, whose descriptors are in their places; returns its exit code.
pub(super) fn hold() -> i32 {
    let control = match inherited::take(CONTROL) {
        Ok(control) => UnixStream::from(control),
        Err(error) => {
            eprintln!("vm-test: a keeper is started by the daemon only: {error}");
            return 1;
        }
    };
    let report = match keep(&control) {
        Ok(status) => KeeperReport::Ended(status),
        Err(unrun) if unrun.is_unbooted => KeeperReport::Unbooted(unrun.failure),
        Err(unrun) => KeeperReport::Failed(unrun.failure),
    };
    // If the daemon is gone, nobody needs the report.
    let _ = frame::write(&control, &report);
    0
}

/// Makes the world and runs the guest in it; returns the exit status of the guest's first process.
fn keep(control: &UnixStream) -> Result<i32, Unrun> {
    let lost = |error: io::Error| {
        Failure::new(format!("cannot take what the daemon hands over: {error}"))
            .because(Tried::Descriptor, &error)
    };
    let _ = inherited::set_inheritable(control, false);
    let assignment = match frame::read(control).map_err(lost)? {
        Some(ToKeeper::Hold(assignment)) => assignment,
        Some(other) => return Err(lost(unexpected(&other)).into()),
        None => return Err(Failure::new("cannot start: the daemon is gone").into()),
    };
    let mut handed = Handed::receive(control, assignment.trees().len()).map_err(lost)?;
    for group in handed.groups.drain(..) {
        enter(group).map_err(|error| not_limited(&assignment, &error))?;
    }
    filter::refuse_what_is_the_users().map_err(|error| no_filter(&assignment, &error))?;
    match &assignment.world {
        World::Container(container) => {
            container::run(control, &assignment, container, handed, lost)
        }
        World::Vm(vm) => {
            let lease = Box::new(lease::Daemon::new(control).map_err(lost)?);
            machine::run(&assignment, vm, handed, lease)
        }
    }
}

/// Moves this process into a control group, by the file of the group's threads. It has no other thread
/// yet, and all that it starts will be there, too.
fn enter(group: OwnedFd) -> io::Result<()> {
    File::from(group).write_all(b"0")
}

fn not_limited(assignment: &Assignment, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot start instance {} of guest `{}`: limit it: {error}",
        assignment.instance, assignment.guest
    ))
}

/// Without the filter, root in an ordinary user's guest would have that user's keys.
fn no_filter(assignment: &Assignment, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot prepare instance {} of guest `{}`: refuse it the kernel's keyrings: {error}",
        assignment.instance, assignment.guest
    ))
    .hint("this needs a kernel with system call filters (CONFIG_SECCOMP_FILTER), and a host that lets processes install one")
    .missing()
}
