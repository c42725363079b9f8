//! Saves the VMs of a lab at one moment: all stop, their memory is written down, their disks are
//! frozen, and all run on.

use super::super::prepare::Ready;
use super::admission::Admission;
use super::disks::{Disks, bounded};
use super::labs::LivingLab;
use super::line::{Line, not_understood};
use super::saved::{Saved, SavedNode};
use crate::backend::kvm::{MachineAnswer, MachineOrder};
use crate::config::lab::Node;
use crate::config::{Backend, Guest};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::DRIVER;

/// How long a VM may take to stop or go on.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a VM may take to write its memory.
const WRITING: Duration = Duration::from_secs(150);

/// How much longer than its memory the state of a VM may be, in bytes.
const DEVICES: u64 = 64 << 20;

/// A VM that is to be saved.
struct Machine<'a> {
    node: &'a Node,
    line: Arc<Line>,
    /// What it is given: a file for its state, and one for a layer.
    files: [OwnedFd; 2],
    /// How it was made, and its disks at this moment, once it writes to the new layer.
    frozen: Option<(Ready, Disks)>,
}

/// Saves the nodes of a lab; returns the number of the state.
pub(super) fn save(lab: &LivingLab, admission: &Admission) -> Result<u64, Failure> {
    let nodes = lab.plan.nodes.iter().filter(|node| node.name != DRIVER);
    let nodes: Vec<&Node> = nodes.collect();
    for node in &nodes {
        check(lab, node)?;
    }
    if !lab.saved.has_room() {
        return Err(Failure::new("there are too many saved states")
            .hint("drop one that is not restored any more"));
    }
    let on: Vec<_> = nodes
        .iter()
        .filter_map(|node| {
            Some((
                *node,
                lab.nodes.with(&node.name, |state| state.line.clone())?,
            ))
        })
        .collect();
    let memory = on.iter().map(|(node, _)| node.guest.memory).sum();
    let room = admission.admit_now(memory);
    let room = room.ok_or_else(|| {
        let memory = memory >> 20;
        Failure::new(format!("there is no room for its {memory} MiB of memory"))
            .hint("save fewer or smaller nodes, or raise VM_TEST_MEMORY_BUDGET (MiB) before the daemon starts")
    })?;
    let machines = on.into_iter().map(|(node, line)| machine(lab, node, line));
    let mut machines = machines.collect::<Result<Vec<_>, _>>()?;
    // All stop, then all are saved, then all run on, whatever has become of the others.
    let mut result = each(&mut machines, |it| it.line.send(&MachineOrder::Pause, &[]));
    let stopped = each(&mut machines, |it| done(&it.line.hear(ANSWER)?));
    result = result.and(stopped);
    if result.is_ok() {
        result = save_all(lab, &mut machines);
    }
    let run = each(&mut machines, |it| it.line.send(&MachineOrder::Resume, &[]));
    let runs = each(&mut machines, |it| done(&it.line.hear(ANSWER)?));
    result.and(run).and(runs)?;
    let mut saved = Vec::new();
    for machine in machines {
        let [state, _] = machine.files;
        saved.extend(machine.frozen.map(|(made, disks)| SavedNode {
            name: machine.node.name.clone(),
            made,
            disks,
            state: Some(state),
        }));
    }
    for node in nodes {
        if !saved.iter().any(|known| known.name == node.name) {
            saved.extend(that_is_off(lab, node)?);
        }
    }
    Ok(lab.saved.add(Saved {
        nodes: saved,
        _room: room,
    }))
}

/// Freezes the disks of a node that is off, if it has any.
fn that_is_off(lab: &LivingLab, node: &Node) -> Result<Option<SavedNode>, Failure> {
    lab.nodes.with(&node.name, |state| {
        let Some((made, disks)) = &mut state.made else {
            return Ok(None);
        };
        let frozen = disks.clone();
        disks.add(disks.new_layer().map_err(|error| no_file(node, &error))?);
        Ok(Some(SavedNode {
            name: node.name.clone(),
            made: made.bare(),
            disks: frozen,
            state: None,
        }))
    })
}

/// Refuses what cannot be saved.
fn check(lab: &LivingLab, node: &Node) -> Result<(), Failure> {
    let refused = |cause: &str, hint: &str| {
        Err(Failure::new(format!("node `{}` {cause}", node.name)).hint(hint))
    };
    let Guest { backend, disks, .. } = &node.guest;
    if *backend != Backend::Kvm {
        return refused(
            "is a container, whose state cannot be saved",
            "use VMs, with backend = \"kvm\", for all nodes of this lab; the driver is not saved",
        );
    }
    if !disks.is_empty() {
        return refused(
            "has additional disks, which cannot be saved",
            "leave disks out of its guest",
        );
    }
    let (is_paused, is_starting) = lab.nodes.with(&node.name, |state| {
        (state.is_paused, state.is_leased && state.line.is_none())
    });
    if is_paused {
        return refused("is paused", "resume it first");
    }
    if is_starting {
        return refused("is about to start or to end", "wait until it is on or off");
    }
    Ok(())
}

fn machine<'a>(lab: &LivingLab, node: &'a Node, line: Arc<Line>) -> Result<Machine<'a>, Failure> {
    let layer = lab.nodes.with(&node.name, |state| {
        state.made.as_ref().map(|(_, disks)| disks.new_layer())
    });
    let files = bounded(node.guest.memory + DEVICES).and_then(|state| {
        let layer = layer.unwrap_or_else(|| Err(std::io::ErrorKind::NotFound.into()))?;
        Ok([state, layer])
    });
    Ok(Machine {
        node,
        line,
        files: files.map_err(|error| no_file(node, &error))?,
        frozen: None,
    })
}

fn no_file(node: &Node, error: &std::io::Error) -> Failure {
    Failure::new(format!(
        "node `{}`: there is no file for it: {error}",
        node.name
    ))
}

/// Saves VMs that are paused, all at the same time.
fn save_all(lab: &LivingLab, machines: &mut [Machine<'_>]) -> Result<(), Failure> {
    let sent = each(machines, |it| it.line.send(&MachineOrder::Save, &it.files));
    let layered = each(machines, |it| match it.line.hear(WRITING)? {
        MachineAnswer::Layered => freeze(lab, it),
        other => Err(not_understood(&other)),
    });
    let written = each(machines, |it| match it.frozen {
        Some(_) => done(&it.line.hear(WRITING)?),
        None => Ok(()),
    });
    sent.and(layered).and(written)
}

/// Notes that a VM writes to its new layer from now on, and remembers the disks below it.
fn freeze(lab: &LivingLab, machine: &mut Machine<'_>) -> Result<(), Failure> {
    let [_, layer] = &machine.files;
    let layer = layer
        .try_clone()
        .map_err(|error| no_file(machine.node, &error))?;
    machine.frozen = lab.nodes.with(&machine.node.name, |state| {
        let (made, disks) = state.made.as_mut()?;
        let frozen = (made.bare(), disks.clone());
        disks.add(layer);
        Some(frozen)
    });
    Ok(())
}

/// Does something with each VM, whatever comes of it with the others; returns the first failure.
fn each<'a>(
    machines: &mut [Machine<'a>],
    mut work: impl FnMut(&mut Machine<'a>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let mut result = Ok(());
    for machine in machines {
        let name = &machine.node.name;
        let done = work(machine)
            .map_err(|failure| failure.reworded(|cause| format!("node `{name}`: {cause}")));
        result = result.and(done);
    }
    result
}

fn done(answer: &MachineAnswer) -> Result<(), Failure> {
    match answer {
        MachineAnswer::Done => Ok(()),
        other => Err(not_understood(other)),
    }
}
