//! The world of a VM: a tmpfs with directories of the host in it, and QEMU.

use super::World;
use super::builder::Builder;
use super::errors::keep_errors;
use super::mounts;
use crate::backend::kvm::{self, Hardware, Lease, Virtual};
use crate::backend::{ROOM, Unrun};
use crate::host::refusal;
use rustix::mount::mount_bind;
use std::fmt::Display;
use std::os::fd::OwnedFd;
use std::path::Path;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;

/// Makes the keeper's directory and runs the VM in it.
pub(super) fn run(
    world: &World,
    hardware: &Hardware,
    trees: Vec<Option<OwnedFd>>,
    console: OwnedFd,
    foreign: Option<OwnedFd>,
    lease: Box<dyn Lease>,
) -> Result<i32, Unrun> {
    let cannot = |what: &str, cause: &dyn Display| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: {what}: {cause}",
            world.instance, world.guest
        ))
    };
    let hidden = mounts::enter_room(world)
        .map_err(|error| refusal::in_namespaces(cannot("make its own mounts", &error), &error))?;
    let mut builder = Builder {
        trees,
        hidden,
        layers: 0,
    };
    for (name, lower) in &world.places {
        let placed = builder.place_directory(lower, name);
        placed.map_err(|error| cannot(&format!("bring its {name} in"), &error))?;
    }
    if world.device_files {
        builder
            .place_devices()
            .map_err(|error| cannot("bring its devices in", &error))?;
        for (source, device) in mounts::devices(world) {
            mount_bind(&source, &device)
                .map_err(|error| cannot(&format!("bring {} in", device.display()), &error))?;
        }
    }
    mounts::mount_proc().map_err(|error| cannot("mount its own /proc", &error))?;
    let errors = keep_errors(Path::new(ROOM))
        .map_err(|error| cannot("keep its errors", &error).because(Tried::File, &error))?;
    kvm::run(&Virtual {
        instance: world.instance.clone(),
        guest: world.guest.clone(),
        hardware: hardware.clone(),
        console,
        foreign,
        errors,
        lease,
    })
}
