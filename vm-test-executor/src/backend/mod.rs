//! What runs a guest inside its keeper's world: the trait, and the one place that picks an implementation.

mod lxc;

pub use lxc::library_version;

use crate::config;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use vm_test::protocol::failure::Failure;

/// The descriptor of the agent's stream, which the keeper is started with and only hands on.
pub const STREAM: i32 = 4;

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

/// Runs guests.
trait Backend {
    /// Runs the guest and returns when it has ended: the exit status of its first process.
    fn run(&self, machine: &Machine) -> Result<i32, Failure>;
}

/// Runs a guest with the backend of this name.
///
/// # Errors
/// If the guest cannot be started.
pub fn run(backend: config::Backend, machine: &Machine) -> Result<i32, Failure> {
    let backend: &dyn Backend = match backend {
        config::Backend::Lxc => &lxc::LxcBackend,
    };
    backend.run(machine)
}
