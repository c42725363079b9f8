//! A VM as its keeper describes it, and the lease that it may have to wait for.

use super::complaint::kind_of;
use super::hardware::Hardware;
use std::fmt::Debug;
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use vm_test_protocol::failure::Failure;

/// A VM whose files are in place.
#[derive(Debug)]
pub struct Virtual {
    /// The instance's name.
    pub instance: String,
    /// The guest's name.
    pub guest: String,
    /// Its hardware.
    pub hardware: Hardware,
    /// The file that its console is written to.
    pub console: OwnedFd,
    /// The file of the imported disk, if there is one.
    pub foreign: Option<OwnedFd>,
    /// The other ends of its network cards for a lab.
    pub ports: Vec<OwnedFd>,
    /// The files of its disks that outlive it: the layers of its root disk, then the others.
    pub disks: Vec<OwnedFd>,
    /// The state that it is restored from, if it is one of its own.
    pub state: Option<OwnedFd>,
    /// Where the orders for a node come from.
    pub orders: Option<UnixStream>,
    /// QEMU's end of a second monitor, if something may be done to the frames of its card to the
    /// outside.
    pub second_monitor: Option<OwnedFd>,
    /// The file with QEMU's error messages.
    pub errors: File,
    /// Where its lease comes from, if it is started ahead of that.
    pub lease: Box<dyn Lease>,
}

/// A lease that comes after the VM has been started.
pub trait Lease: Debug {
    /// Reports that the VM is ready, and waits for the client's stream.
    ///
    /// Returns `None` if `machine`, a socket whose other end the VM has, is closed first.
    ///
    /// # Errors
    /// If the daemon is gone.
    fn stream(&self, machine: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>>;

    /// Reports that the VM has the stream, and waits until the client knows that the lease is
    /// granted: only then may the VM write to it.
    ///
    /// # Errors
    /// If the daemon is gone.
    fn await_grant(&self) -> io::Result<()>;
}

/// The failure to start it for which the host or QEMU is the cause.
pub(super) fn failed(machine: &Virtual, what: &str, error: &io::Error) -> Failure {
    let words = error.to_string();
    cannot(machine, &format!("{what}: {words}")).of(kind_of(&words))
}

/// Returns the failure to start the VM.
pub(super) fn cannot(machine: &Virtual, cause: &str) -> Failure {
    Failure::new(format!(
        "cannot start instance {} of guest `{}`: cannot {cause}",
        machine.instance, machine.guest
    ))
}
