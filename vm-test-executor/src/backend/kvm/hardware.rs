//! What a VM is made of, as plain data: the daemon decides it, a keeper starts QEMU with it.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::machine::Identity;

/// Where, in the keeper's room, the image's kernel and disk are.
pub const BASE: &str = "base";

/// Where, in the keeper's room, the initial file system is.
pub const INITRAMFS: &str = "initramfs";

/// Where, in the keeper's room, the template is, or is made.
pub const TEMPLATE: &str = "template";

/// The file, in [`TEMPLATE`], with the state of the devices.
pub(super) const STATE: &str = "state";

/// A disk in the place of one with the host's files, where there are none.
pub(super) const NO_FILES: &str = "nofiles.img";

/// One machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardware {
    /// How it comes to life.
    pub start: Start,
    /// QEMU.
    pub program: PathBuf,
    /// What executes its instructions.
    pub accelerator: Accelerator,
    /// Memory in bytes.
    pub memory: u64,
    /// Processors.
    pub cpus: u32,
    /// Present when the image's own init boots: how long that may take, in milliseconds.
    pub boot_timeout: Option<u64>,
    /// How long the agent may take to its first word, in milliseconds.
    pub patience: u64,
    /// Sizes of blank disks, in bytes.
    pub disks: Vec<u64>,
    /// The format of a disk from elsewhere, which it reads and whose file comes as a descriptor.
    pub foreign: Option<DiskFormat>,
    /// Whether it has a way out, through the host's network.
    pub network: bool,
    /// Disks with the host's files, by their paths in the keeper's room. A template has as many, and does not read them.
    pub payload: Vec<PathBuf>,
    /// What makes it one of many.
    pub identity: Identity,
}

/// How a machine comes to life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    /// Its kernel boots.
    Boot,
    /// Its kernel boots; then it is saved as a template, and is not used itself.
    Save,
    /// Restored from a template.
    Restore,
    /// Restored from a template ahead of its lease, for which it waits.
    Ahead,
}

impl Start {
    /// Whether it is restored from a template.
    #[must_use]
    pub fn is_restored(self) -> bool {
        matches!(self, Self::Restore | Self::Ahead)
    }
}

/// What executes a machine's instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accelerator {
    /// The processor, by `/dev/kvm`.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl Accelerator {
    /// QEMU's name of it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}

/// How many disks with the host's files every machine has: those of directories, and those of single files.
pub const PAYLOAD_DISKS: usize = 2;

/// The size that every disk with the host's files is shown with, in bytes: a machine saved with one disk goes on with
/// another, and must not find another size.
pub const PAYLOAD_SIZE: u64 = 1 << 36;
