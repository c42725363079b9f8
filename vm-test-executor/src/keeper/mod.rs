//! The keeper: the process that is pid 1 of an instance's world. When it dies, for whatever reason, the kernel takes
//! the world down with it: every process, mount, interface.
//!
//! It gets a [`World`] from the daemon, puts the root file system together, runs the backend, and exits when the guest
//! has ended. It never talks to a guest.

mod builder;
mod mounts;
mod pipe;
mod world;

pub use world::{KeeperReport, World};

use crate::backend::{self, Boot};
use crate::sys::{handover, inherited};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;
use vm_test::protocol::failure::Failure;
use vm_test::protocol::{ALIVE, frame};

/// The argument that makes the program a keeper.
pub const COMMAND: &str = "__keeper";

/// The descriptor of the connection to the daemon.
pub const CONTROL: i32 = 3;

/// The most trees that travel with a world.
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
        Err(failure) => KeeperReport::Failed(failure),
    };
    // If the daemon is gone, nobody wants to know.
    let _ = frame::write(&control, &report);
    ExitCode::SUCCESS
}

/// Makes the world and runs the guest in it; the exit status of the guest's first process.
fn keep(control: &UnixStream) -> Result<i32, Failure> {
    let lost = |error: io::Error| Failure::new(format!("cannot understand the daemon: {error}"));
    let _ = inherited::set_inheritable(control, false);
    let world: World = frame::read(control)
        .map_err(lost)?
        .ok_or_else(|| Failure::new("cannot start: the daemon is gone"))?;
    let trees = receive_trees(
        control,
        world.plan.trees.len() + usize::from(world.device_files),
    )
    .map_err(lost)?;
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
    backend::run(world.backend, &machine)
}

/// Takes the descriptors of the detached trees, which the daemon hands over one by one; an optional one may be missing.
fn receive_trees(control: &UnixStream, count: usize) -> io::Result<Vec<Option<OwnedFd>>> {
    (0..count).map(|_| handover::receive(control)).collect()
}
