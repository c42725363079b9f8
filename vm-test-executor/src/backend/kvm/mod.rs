//! Guests as VMs, run by QEMU: booted, saved as a template, or restored from one. Knows QEMU's
//! monitor and the agent's control port; the files that a VM needs are already in the keeper's
//! directory.

mod command;
mod complaint;
mod console;
mod detour;
mod disks;
mod drives;
mod ending;
mod guest;
mod hardware;
mod identity;
mod monitor;
mod obeying;
mod order;
mod pausing;
mod presence;
mod qemu;
mod running;
mod saving;
mod trouble;

pub use detour::{Detour, Ends};
pub use disks::IMAGE_TOOL;
pub use drives::payload_serial;
pub use guest::{Lease, Virtual};
pub use hardware::{
    Accelerator, BASE, Hardware, INITRAMFS, PAYLOAD_DISKS, PAYLOAD_SIZE, Start, TEMPLATE,
};
pub use identity::machine_id;
pub use order::{MachineAnswer, MachineOrder};
pub use qemu::BINARY;
pub use running::run;
