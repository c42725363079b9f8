//! The world of a VM: a tmpfs with directories of the host in it, and QEMU.

use super::builder::Builder;
use super::errors::keep_errors;
use super::handed::Handed;
use super::world::{Assignment, Vm};
use super::{lab, mounts};
use crate::backend::kvm::{self, Lease, Virtual};
use crate::backend::{ROOM, Unrun};
use crate::host::refusal;
use rustix::mount::mount_bind;
use std::fmt::Display;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;

/// Makes the keeper's directory and runs the VM in it.
pub(super) fn run(
    assignment: &Assignment,
    vm: &Vm,
    handed: Handed,
    lease: Box<dyn Lease>,
) -> Result<i32, Unrun> {
    let cannot = |what: &str, cause: &dyn Display| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: {what}: {cause}",
            assignment.instance, assignment.guest
        ))
    };
    let absent = || io::Error::from(io::ErrorKind::NotFound);
    let console = handed
        .console
        .ok_or_else(|| cannot("take its console", &absent()))?;
    let hidden = mounts::enter_room(assignment)
        .map_err(|error| refusal::in_namespaces(cannot("make its own mounts", &error), &error))?;
    let mut builder = Builder {
        trees: handed.trees,
        device_files: handed.device_files,
        hidden,
        layers: 0,
    };
    for (name, lower) in &vm.places {
        let placed = builder.place_directory(lower, name);
        placed.map_err(|error| cannot(&format!("bring its {name} in"), &error))?;
    }
    if assignment.device_files {
        builder
            .place_devices()
            .map_err(|error| cannot("bring its devices in", &error))?;
        for (source, device) in mounts::devices(assignment) {
            mount_bind(&source, &device)
                .map_err(|error| cannot(&format!("bring {} in", device.display()), &error))?;
        }
    }
    mounts::mount_proc().map_err(|error| cannot("mount its own /proc", &error))?;
    let second_monitor = handed.link.map(monitor_for);
    let second_monitor = second_monitor
        .transpose()
        .map_err(|error| cannot("carry its link", &error))?;
    let errors = keep_errors(Path::new(ROOM))
        .map_err(|error| cannot("keep its errors", &error).because(Tried::File, &error))?;
    kvm::run(&Virtual {
        instance: assignment.instance.clone(),
        guest: assignment.guest.clone(),
        hardware: vm.hardware.clone(),
        console,
        foreign: handed.foreign_disk,
        ports: handed.ports,
        disks: handed.disks,
        state: handed.state,
        orders: handed.orders.map(UnixStream::from),
        second_monitor,
        errors,
        lease,
    })
}

/// Has orders about the VM's link carried out with a monitor, and returns QEMU's end of that.
fn monitor_for(orders: OwnedFd) -> io::Result<OwnedFd> {
    let (monitor, theirs) = UnixStream::pair()?;
    lab::serve_card(orders.into(), monitor)?;
    Ok(theirs.into())
}
