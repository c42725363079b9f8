//! A VM as its keeper describes it, and the lease that it may have to wait for.

use super::hardware::Hardware;
use std::fmt::Debug;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// A VM whose files are in place.
#[derive(Debug)]
pub struct Virtual {
    /// The instance's name.
    pub instance: String,
    /// The guest's name.
    pub guest: String,
    /// What it is made of.
    pub hardware: Hardware,
    /// The file that its console is written to.
    pub console: OwnedFd,
    /// The file of the disk from elsewhere, if it has one.
    pub foreign: Option<OwnedFd>,
    /// The file with what QEMU complains of.
    pub errors: PathBuf,
    /// Where its lease comes from, if it starts ahead of that.
    pub lease: Box<dyn Lease>,
}

/// A lease that comes when a machine is there already.
pub trait Lease: Debug {
    /// Says that the machine is ready, and waits: for the client's stream, or for the end of `machine`, a socket whose
    /// other end it has. `None` if that is what came.
    ///
    /// # Errors
    /// If the daemon is gone.
    fn stream(&self, machine: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>>;

    /// Says that the machine has the stream, and waits until the client knows that the lease is granted: only then may
    /// the machine write to it.
    ///
    /// # Errors
    /// If the daemon is gone.
    fn await_grant(&self) -> io::Result<()>;
}

/// The failure to start it.
pub(super) fn cannot(machine: &Virtual, cause: &str) -> Failure {
    Failure::new(format!(
        "cannot start instance {} of guest `{}`: cannot {cause}",
        machine.instance, machine.guest
    ))
}
