//! A container whose files are in place, for whatever starts its first process.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::Duration;

/// A container whose files are in place.
#[derive(Debug)]
pub struct Machine {
    /// The instance's name.
    pub instance: String,
    /// The guest's name, which is also its host name.
    pub guest: String,
    /// The keeper's directory.
    pub room: PathBuf,
    /// The root file system.
    pub root: PathBuf,
    /// The devices that it gets: the file to bind, and its path in the guest.
    pub devices: Vec<(PathBuf, PathBuf)>,
    /// The directory that becomes its `/dev/shm`, if it contains files of the host.
    pub shared_memory: Option<PathBuf>,
    /// The loader in the guest that starts the agent, if it is not the guest's own.
    pub loader: Option<PathBuf>,
    /// Its network.
    pub network: Network,
    /// Memory in bytes.
    pub memory: u64,
    /// Whether the agent must watch the memory.
    pub watch_memory: bool,
    /// Whether it is started ahead of its lease.
    pub ahead: bool,
    /// Set if the image's own init boots, with the agent beside it.
    pub boot: Option<Boot>,
}

/// The network of a container.
#[derive(Debug)]
pub enum Network {
    /// Its own, which is empty.
    Own,
    /// The host's.
    Host,
    /// That of this namespace, in which nothing of its keeper is.
    Of(OwnedFd),
}

/// The boot of a guest with its own init.
#[derive(Debug)]
pub struct Boot {
    /// How long it may take.
    pub timeout: Duration,
    /// The file that its console is written to.
    pub console: OwnedFd,
}
