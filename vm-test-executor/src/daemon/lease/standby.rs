//! Starts VMs ahead of their leases, like the VM of a lease that has just begun.

use super::super::prepare::{self, Held, Order, Ready};
use super::admission::Admitted;
use super::host::Host;
use super::spare::Spare;
use super::spares::PREPARING;
use crate::backend::kvm::{Accelerator, Start};
use crate::config::Guest;
use crate::keeper::{Assignment, World};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use vm_test_protocol::failure::Failure;

/// The VM of a lease that has just begun, as a model for spares.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) guest: Guest,
    pub(super) accelerator: Accelerator,
    pub(super) assignment: Assignment,
    /// Keeps what the VM is made of from being removed.
    pub(super) held: Held,
}

impl Model {
    /// Returns the model of this lease's VM, if the lease is for a test.
    ///
    /// A test is likely to be followed by another one, a user's command is not.
    pub(super) fn after(order: &Order<'_>, ready: &Ready) -> Option<Self> {
        let accelerator = ready.next.filter(|_| order.request.entry.is_some())?;
        Some(Self {
            guest: order.guest.clone(),
            accelerator,
            assignment: ready.assignment.clone(),
            held: Arc::clone(&ready.held),
        })
    }
}

/// Prepares a spare, unless enough are there, there is no room, or preparation failed recently.
pub(super) fn prepare(host: &Host, model: Model) {
    let Some(number) = host.spares.reserve(&model.assignment) else {
        return;
    };
    let footprint = prepare::footprint(&model.guest);
    let admitted = host.admission.admit_spare(footprint, model.guest.cpus);
    let spare = admitted.and_then(|admitted| {
        let assignment = model.assignment.clone();
        let started = start(host, model, admitted);
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

/// Starts a VM and waits until it only lacks its lease.
fn start(host: &Host, model: Model, admitted: Admitted) -> Result<Spare, Failure> {
    let Model {
        guest,
        accelerator,
        mut assignment,
        held,
    } = model;
    let (number, name) = host.tools.names.next(&guest.name);
    assignment.instance = name;
    if let World::Vm(vm) = &mut assignment.world {
        vm.hardware.start = Start::Ahead;
    }
    let belongings = prepare::belongings(&guest, &assignment.instance, accelerator)?;
    let (nobody, stream) = UnixStream::pair()
        .map_err(|error| Failure::new(format!("cannot make a pair of sockets: {error}")))?;
    let instance = host.tools.start(&assignment, number, &stream, belongings)?;
    instance.await_prepared(&host.tools.stop, PREPARING)?;
    Ok(Spare {
        instance,
        _nobody: nobody,
        _held: held,
        _admitted: admitted,
    })
}
