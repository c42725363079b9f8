//! The agent in a VM. It is the kernel's first program here: it finds the root's disk, mounts it as
//! the root, starts the image's own init if the guest has one, and waits until it is told to become
//! an instance. Until then the VM may be saved and restored many times, so nothing before that
//! message may differ between instances.

mod appearance;
mod assembly;
mod devices;
mod disks;
mod filesystems;
mod foreign;
mod fstab;
mod identity;
mod idle;
mod journal;
mod life;
mod links;
mod login;
mod modules;
mod network;
mod nodes;
mod orders;
mod partition;
mod places;
mod ports;
mod power;
mod root;
mod settings;
mod survival;
mod udev;

pub(super) use foreign::main as read_disk;
pub(super) use life::begin;
