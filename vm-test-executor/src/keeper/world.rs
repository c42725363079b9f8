//! What the daemon tells a keeper, and what the keeper tells it: plain data between two processes of one program.

use crate::backend::kvm::Hardware;
use crate::rootfs::{Lower, Plan};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// One instance's world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct World {
    /// The instance's name.
    pub instance: String,
    /// The guest's name, and its host name.
    pub guest: String,
    /// What it is made of, if it is a VM.
    pub hardware: Option<Hardware>,
    /// Directories of the host that a machine's files are in, by the names that they have in the keeper's room.
    pub places: Vec<(String, Lower)>,
    /// How its root file system is made.
    pub plan: Plan,
    /// The directory of the program that becomes the first process of a container.
    pub agent: Option<Lower>,
    /// The loader in the guest that starts the agent; without, the guest's own does.
    pub loader: Option<PathBuf>,
    /// Memory in bytes, which is also what its files may take up.
    pub memory: u64,
    /// Whether the agent has to watch the memory, because the kernel does not.
    pub watch_memory: bool,
    /// Present when its own init boots, which may take so many milliseconds; its console then comes last of all.
    pub boot_timeout: Option<u64>,
    /// Whether it is inside a user namespace.
    pub user_namespace: bool,
    /// Whether it is in the host's network, as is a step of a recipe that asks for it.
    pub host_network: bool,
    /// Whether the real root's files appear as its own, because all of the host's ids are mapped.
    pub real_root: bool,
    /// Devices that it gets, by their paths in the guest.
    pub devices: Vec<PathBuf>,
    /// Whether a file system with files of these devices comes behind the plan's trees; else the host's are bound.
    pub device_files: bool,
}

/// The keeper's word: its only one, when it is over, unless its machine was started ahead of its lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeeperReport {
    /// The guest ran and its first process ended with this status.
    Ended(i32),
    /// The guest could not be started.
    Failed(Failure),
    /// The machine that was to be saved did not boot, though its host gave it all that it needs.
    Unbooted(Failure),
    /// The machine only lacks its lease.
    Prepared,
    /// The machine has the stream of its lease, and has written nothing to it.
    Attached,
}

/// How a guest's first process ended, by liblxc's word: a signal stands as if it had stopped the process.
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
