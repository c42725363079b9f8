//! What a VM is made of, as plain data: the daemon decides it, a keeper starts QEMU with it.

use serde::{Deserialize, Serialize};
use std::net::SocketAddrV4;
use std::path::PathBuf;
use std::time::Duration;
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::machine::Identity;

/// The directory with the image's kernel and disk, in the keeper's directory.
pub const BASE: &str = "base";

/// The directory with the initramfs, in the keeper's directory.
pub const INITRAMFS: &str = "initramfs";

/// The directory with the template, in the keeper's directory.
pub const TEMPLATE: &str = "template";

/// The file in [`TEMPLATE`] with the state of the devices.
pub(super) const STATE: &str = "state";

/// An empty disk, used in place of a payload disk.
pub(super) const NO_FILES: &str = "nofiles.img";

/// The hardware of one VM.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// How it is started.
    pub start: Start,
    /// QEMU.
    pub program: PathBuf,
    /// What executes its instructions.
    pub accelerator: Accelerator,
    /// Memory in bytes.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
    /// Present when the image's own init boots: how long that may take.
    pub boot_timeout: Option<Duration>,
    /// How long the agent may take to its first word.
    pub patience: Duration,
    /// Sizes of blank disks, in bytes.
    pub disks: Vec<u64>,
    /// The format of an imported disk that it reads; its file comes as a descriptor.
    pub foreign: Option<DiskFormat>,
    /// Whether it can reach networks outside, through the host's.
    pub network: bool,
    /// Addresses of the host that lead to its ports, each with the port. A template has none.
    pub forwards: Vec<(SocketAddrV4, u16)>,
    /// How many network cards it has for the networks of its lab. A template's lead nowhere.
    pub ports: usize,
    /// Whether its root's file system uses a journal: its disk may outlive it.
    pub journal: bool,
    /// How many layers its root disk has that outlive it and come as descriptors. If there are none,
    /// all of its disks end with it.
    pub layers: usize,
    /// Payload disks, by their paths in the keeper's directory. A template has as many, but does
    /// not read them, unless it is a configured node's.
    pub payload: Vec<PathBuf>,
    /// How many payload disks it has, empty ones included.
    pub payload_disks: usize,
    /// What distinguishes it from other VMs with the same template.
    pub identity: Identity,
}

/// How a VM is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// Its kernel boots.
    Boot,
    /// Its kernel boots; then it is saved as a template and ends.
    Save,
    /// Restored from a template.
    Restore,
    /// Restored from a template ahead of its lease, for which it waits.
    Ahead,
    /// Restored from a copy of a template, configured as the node of a lab that it is, and saved in
    /// that copy's place.
    Configure,
    /// Restored from a state of its own, which comes as a descriptor, when all nodes of its lab are.
    Resume,
}

impl Start {
    /// Returns whether it is restored from a saved state.
    #[must_use]
    pub fn is_restored(self) -> bool {
        matches!(
            self,
            Self::Restore | Self::Ahead | Self::Configure | Self::Resume
        )
    }

    /// Returns whether it ends as a template.
    #[must_use]
    pub fn is_saved(self) -> bool {
        matches!(self, Self::Save | Self::Configure)
    }
}

/// What executes a VM's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accelerator {
    /// The processor, by `/dev/kvm`.
    Kvm,
    /// QEMU's translator (TCG).
    Tcg,
}

impl Accelerator {
    /// Returns QEMU's name for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

/// How many payload disks every VM has: one for directories, one for single files. A guest that gets
/// more of the host has one more.
pub const PAYLOAD_DISKS: usize = 2;

/// The size that every payload disk is shown with, in bytes.
///
/// A VM saved with one disk is restored with another, which must have the same size.
pub const PAYLOAD_SIZE: u64 = 1 << 36;
