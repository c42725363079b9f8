//! What the daemon tells a keeper, and what the keeper tells it: plain data between two processes
//! of one program.

use crate::backend::kvm::Hardware;
use crate::rootfs::{Lower, Plan};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// What a keeper needs to know about its instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// The instance's name.
    pub instance: String,
    /// The guest's name, which is also its host name.
    pub guest: String,
    /// Its hardware, if it is a VM.
    pub hardware: Option<Hardware>,
    /// Directories of the host with the VM's files, by their names in the keeper's directory.
    pub places: Vec<(String, Lower)>,
    /// How its root file system is made.
    pub plan: Plan,
    /// The directory of the agent, the first process of a container.
    pub agent: Option<Lower>,
    /// The loader in the guest that starts the agent, if it is not the guest's own.
    pub loader: Option<PathBuf>,
    /// Memory in bytes; also the limit of what its files may take up.
    pub memory: u64,
    /// Whether the agent must watch the memory because the kernel does not limit it.
    pub watch_memory: bool,
    /// Set if the image's own init boots: how long that may take, in milliseconds. Its console is
    /// then the last descriptor.
    pub boot_timeout: Option<u64>,
    /// Whether it is in a user namespace.
    pub user_namespace: bool,
    /// Whether it uses the host's network, as a build step that asks for it does.
    pub host_network: bool,
    /// Whether all ids of the host are mapped, so that files of the real root appear as its own.
    pub real_root: bool,
    /// The devices that it gets, by their paths in the guest.
    pub devices: Vec<PathBuf>,
    /// Whether a file system with files of these devices follows the plan's trees; otherwise the
    /// host's files are bound.
    pub device_files: bool,
}

/// What a keeper reports: once, when the instance has ended, unless its VM was started ahead of its
/// lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeeperReport {
    /// The guest ran and its first process ended with this status.
    Ended(i32),
    /// The guest could not be started.
    Failed(Failure),
    /// The VM that was to be saved as a template did not boot, although the host gave it everything
    /// it needs.
    Unbooted(Failure),
    /// The VM only lacks its lease.
    Prepared,
    /// The VM has the stream of its lease and has written nothing to it yet.
    Attached,
}

/// Describes the end of a guest's first process from the status of liblxc, which reports a signal
/// as if it had stopped the process.
#[must_use]
pub fn describe_end(status: i32) -> String {
    let number = status >> 8;
    match status & 0xff {
        0x7f => format!("was killed by signal {number}"),
        0 => format!("exited with code {number}"),
        _ => format!("ended with status {status}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_gives_a_code_and_a_signal_in_the_second_byte() {
        assert_eq!(describe_end(256), "exited with code 1");
        assert_eq!(describe_end(0x27f), "was killed by signal 2");
    }
}
