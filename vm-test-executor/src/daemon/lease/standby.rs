//! Starts VMs ahead of their leases, like the VM of a lease that has just begun.

use super::super::instance::Parent;
use super::super::prepare;
use super::admission::Admitted;
use super::host::Host;
use super::model::Model;
use super::spare::Spare;
use super::spares::PREPARING;
use crate::backend::kvm::Start;
use crate::keeper::{Descriptor, World};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use vm_test_protocol::failure::Failure;

/// Prepares a spare, unless enough are there, there is no room, or preparation failed recently.
pub(super) fn prepare(host: &Host, model: Model) {
    let Some(number) = host.spares.reserve(&model.assignment) else {
        return;
    };
    let footprint = prepare::footprint(&model.guest);
    let admitted = host.admission.admit_spare(footprint, model.guest.cpus);
    let spare = admitted.and_then(|admitted| {
        let assignment = model.assignment.clone();
        let parent = Parent::Daemon(&host.tools.spawner);
        let started = start(host, model, &parent, Vec::new(), Some(admitted));
        started
            .inspect_err(|failure| {
                // Nobody asked for it, so only the daemon's log has it.
                eprintln!("vm-test: cannot prepare a spare VM: {failure}");
                host.spares.fail(&assignment);
            })
            .ok()
    });
    host.spares.fill(number, spare);
}

/// Starts a VM below this parent, and waits until it only lacks its lease.
///
/// `others` are descriptors that its keeper gets besides. A node's room is its lab's, which is admitted as a whole.
pub(super) fn start(
    host: &Host,
    model: Model,
    parent: &Parent<'_>,
    others: Vec<(Descriptor, OwnedFd)>,
    admitted: Option<Admitted>,
) -> Result<Spare, Failure> {
    let Model {
        guest,
        accelerator,
        mut assignment,
        held,
        ..
    } = model;
    let (number, name) = host.tools.names.next(&guest.name);
    assignment.instance = name;
    if let World::Vm(vm) = &mut assignment.world {
        vm.hardware.start = Start::Ahead;
    }
    let mut belongings = prepare::belongings(&guest, &assignment.instance, accelerator)?;
    belongings.others.extend(others);
    let (nobody, stream) = UnixStream::pair()
        .map_err(|error| Failure::new(format!("cannot make a pair of sockets: {error}")))?;
    let tools = &host.tools;
    let instance = tools.start_below(parent, &assignment, number, &stream, belongings)?;
    instance.await_prepared(&tools.stop, PREPARING)?;
    Ok(Spare {
        instance,
        _nobody: nobody,
        _held: held,
        _admitted: admitted,
    })
}
