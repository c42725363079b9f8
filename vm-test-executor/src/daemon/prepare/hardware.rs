//! What a VM is for a keeper: its world, what it has outside its namespaces, and how much memory of
//! the host it takes.

use super::super::instance::{Belongings, Console, Devices, Limits, cannot};
use crate::backend::kvm::{Accelerator, Hardware};
use crate::config::Guest;
use crate::keeper::{Assignment, Network, Vm, World};
use crate::rootfs::{Lower, Tree};
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// What QEMU needs besides the VM's own memory, in bytes.
const OVERHEAD: u64 = 256 << 20;

/// How much an instance may write to its root, in bytes; writes are kept in memory, as are blank
/// disks.
pub(crate) const WRITES: u64 = 1 << 30;

/// Returns how much memory of the host an instance uses at most, in bytes.
pub(crate) fn footprint(guest: &Guest) -> u64 {
    guest.memory + OVERHEAD + blank(guest)
}

/// Returns the total size of its blank disks, in bytes.
fn blank(guest: &Guest) -> u64 {
    guest.disks.iter().sum()
}

/// Returns what every VM has outside its namespaces.
pub(crate) fn belongings(
    guest: &Guest,
    name: &str,
    accelerator: Accelerator,
) -> Result<Belongings, Failure> {
    let console = Console::new()
        .map_err(|error| cannot(guest, &format!("cannot make a console: {error}")))?;
    Ok(Belongings {
        limits: Limits::new(name, footprint(guest) + WRITES).ok(),
        console: Some(console),
        devices: match accelerator {
            Accelerator::Kvm => Devices::for_kvm(),
            Accelerator::Tcg => Devices::default(),
        },
        ..Belongings::default()
    })
}

/// What a keeper is to hold for a VM: `places` are directories of the host by their names in the
/// keeper's room. `as_root` says whether the daemon is the real root's.
pub(super) fn assignment(
    as_root: bool,
    guest: &Guest,
    instance: &str,
    hardware: Hardware,
    places: &[(String, PathBuf)],
) -> Assignment {
    let mut trees = Vec::new();
    // A real root's guests have ids that may not open the device's own file.
    let devices = match hardware.accelerator {
        Accelerator::Kvm if as_root => Devices::for_kvm().paths,
        _ => Vec::new(),
    };
    let places = places
        .iter()
        .map(|(name, path)| {
            if !as_root {
                return (name.clone(), Lower::Path(path.clone()));
            }
            trees.push(Tree {
                path: path.clone(),
                optional: false,
            });
            (name.clone(), Lower::Tree(trees.len() - 1))
        })
        .collect();
    Assignment {
        instance: instance.to_owned(),
        guest: guest.name.clone(),
        room: WRITES + blank(guest),
        network: if hardware.network {
            Network::Host
        } else {
            Network::None
        },
        hosts: String::new(),
        device_files: !devices.is_empty(),
        devices,
        world: World::Vm(Box::new(Vm {
            hardware,
            places,
            trees,
        })),
    }
}
