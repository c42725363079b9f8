//! Starts instances ahead of their leases, like the instance of a lease that has just begun.

use super::super::instance::Parent;
use super::super::prepare::{self, Next};
use super::admission::Admitted;
use super::host::Host;
use super::model::Model;
use super::spare::{Spare, Way};
use super::spares::PREPARING;
use crate::keeper::Descriptor;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use vm_test_protocol::failure::Failure;

/// Prepares a spare, unless enough are there, there is no room, or preparation failed recently. Then
/// saves a VM once more if others like it are wanted again and again.
pub(super) fn prepare(host: &Host, model: Model) {
    let Some(number) = host.spares.reserve(&model.assignment) else {
        return;
    };
    let footprint = prepare::footprint(&model.guest);
    let mut next = model.clone();
    let admitted = host.admission.admit_spare(footprint, model.guest.cpus);
    let spare = admitted.and_then(|admitted| {
        let assignment = model.assignment.clone();
        let parent = Parent::Daemon(&host.tools.spawner);
        let started = start(host, model, &parent, Vec::new(), Some(admitted));
        started
            .inspect_err(|failure| {
                // Nobody asked for it, so only the daemon's log has it.
                eprintln!("vm-test: cannot prepare a spare: {failure}");
                host.spares.fail(&assignment);
            })
            .ok()
    });
    let is_ready = spare.is_some();
    host.spares.fill(number, spare);
    // The next test has its spare already.
    if is_ready
        && next.is_worth_saving(&host.tools)
        && let Some(_room) = host.admission.admit_spare(footprint, 0)
    {
        next.save(&host.tools);
    }
}

/// Starts an instance below this parent, and waits until it only lacks its lease.
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
        next,
        mut assignment,
        held,
        ..
    } = model;
    let (number, name) = host.tools.names.next(&guest.name);
    assignment.instance = name;
    let mut belongings = next.ahead(&guest, &mut assignment)?;
    belongings.others.extend(others);
    let (here, stream) = UnixStream::pair()
        .map_err(|error| Failure::new(format!("cannot make a pair of sockets: {error}")))?;
    let tools = &host.tools;
    let instance = tools.start_below(parent, &assignment, number, &stream, belongings)?;
    // Otherwise it would not be seen to be closed.
    drop(stream);
    let way = match next {
        Next::Vm(_) => {
            instance.await_prepared(&tools.stop, PREPARING)?;
            Way::Keeper { _nobody: here }
        }
        Next::Container => {
            instance.await_agent_ahead(&here, &tools.stop, PREPARING)?;
            Way::Agent {
                agent: here,
                stream: None,
            }
        }
    };
    Ok(Spare {
        instance,
        way,
        _held: held,
        _admitted: admitted,
    })
}
