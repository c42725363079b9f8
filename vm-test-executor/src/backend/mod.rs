//! What runs a guest inside its keeper's world: the trait, and the one place that picks an implementation.

mod errors;
pub mod kvm;
mod lxc;

pub use errors::last_line;
pub use lxc::library_version;

use std::fmt::Debug;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::PathBuf;
use vm_test::protocol::failure::Failure;

/// The descriptor of the agent's stream, which the keeper is started with and only hands on.
pub const STREAM: i32 = 4;

/// The directory of the host over which a keeper mounts its own files, unseen by others. It exists everywhere, no guest
/// has it from the host, and liblxc keeps its locks below it.
pub const ROOM: &str = "/run";

/// A guest whose files are in place.
#[derive(Debug)]
pub struct Machine {
    /// The instance's name.
    pub instance: String,
    /// The guest's name, and its host name.
    pub guest: String,
    /// The keeper's own directory.
    pub room: PathBuf,
    /// The root file system.
    pub root: PathBuf,
    /// Devices that it gets: the file to bind, and its path in the guest.
    pub devices: Vec<(PathBuf, PathBuf)>,
    /// The directory that becomes its `/dev/shm`, if there are files of the host below.
    pub shared_memory: Option<PathBuf>,
    /// The loader in the guest that starts the agent; without, the guest's own does.
    pub loader: Option<PathBuf>,
    /// Whether it is in the host's network.
    pub host_network: bool,
    /// Memory in bytes.
    pub memory: u64,
    /// Whether the agent has to watch the memory.
    pub watch_memory: bool,
    /// Present when its own init boots, with the agent beside it.
    pub boot: Option<Boot>,
}

/// The boot of a guest with an init of its own.
#[derive(Debug)]
pub struct Boot {
    /// How long it may take, in milliseconds.
    pub timeout: u64,
    /// The file that its console is written to.
    pub console: OwnedFd,
}

/// A VM whose files are in place.
#[derive(Debug)]
pub struct Virtual {
    /// The instance's name.
    pub instance: String,
    /// The guest's name.
    pub guest: String,
    /// What it is made of.
    pub hardware: kvm::Hardware,
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
    /// If whoever grants leases is gone.
    fn stream(&self, machine: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>>;

    /// Says that the machine has the stream, and waits until the client knows that the lease is granted: only then may
    /// the machine write to it.
    ///
    /// # Errors
    /// If whoever grants leases is gone.
    fn await_grant(&self) -> io::Result<()>;
}

/// A guest that only has to be run.
pub trait Prepared {
    /// Runs it and returns when it has ended: the exit status of its first process.
    ///
    /// # Errors
    /// If it cannot be started, or says itself how it ended.
    fn run(&self) -> Result<i32, Unrun>;
}

/// Why a guest did not run, or how it ended.
#[derive(Debug)]
pub struct Unrun {
    /// For people.
    pub failure: Failure,
    /// Whether a machine that was to be saved had all that it needs from its host, and did not boot.
    pub is_unbooted: bool,
}

impl From<Failure> for Unrun {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            is_unbooted: false,
        }
    }
}

impl Prepared for Machine {
    fn run(&self) -> Result<i32, Unrun> {
        Ok(lxc::run(self)?)
    }
}

impl Prepared for Virtual {
    fn run(&self) -> Result<i32, Unrun> {
        kvm::run(self)
    }
}
