//! Starts labs ahead of their requests, like a lab that has just begun: its networks, and its VMs up
//! to the point where they only lack their leases.

use super::super::instance::{LabKeeper, Parent};
use super::super::prepare;
use super::admission::Admitted;
use super::disks::Disks;
use super::host::Host;
use super::line::Line;
use super::model::Model;
use super::spare_lab::{LabModel, Outfit, SpareLab, SpareNode, without_own};
use super::standby;
use crate::backend::kvm::machine_id;
use crate::config::lab::{Lab, Node};
use crate::host::processors::processors;
use crate::keeper::World;
use std::collections::HashMap;
use std::thread::ScopedJoinHandle;
use std::time::Duration;
use vm_test_protocol::failure::Failure;

/// How often to look whether a node is ready, or a test waits for the lab.
const GLANCE: Duration = Duration::from_millis(5);

/// Saves the nodes of a lab that is wanted again and again, and prepares as many spares of it as
/// are wanted.
pub(super) fn prepare_all(host: &Host, mut model: LabModel) {
    for node in model.nodes.values_mut() {
        // Beside the lab itself, as a spare is.
        let footprint = prepare::footprint(&node.guest);
        if let Some(_room) = host.admission.admit_spare(footprint, 0) {
            node.save(&host.tools);
        }
    }
    std::thread::scope(|scope| {
        for _ in 0..host.spare_labs.wanted(&model.kind) {
            let prepare = || prepare(host, &model);
            let _ = std::thread::Builder::new().spawn_scoped(scope, prepare);
        }
    });
}

/// Prepares a spare lab, unless enough are there, there is no room, or preparation failed recently.
fn prepare(host: &Host, model: &LabModel) {
    let Some(number) = host.spare_labs.reserve(&model.kind) else {
        return;
    };
    let (memory, _) = prepare::needs(&model.kind.plan);
    // A lab that waits computes nothing. Its request waits for processors.
    let admitted = host.admission.admit_spare(memory, 0);
    let lab = admitted.and_then(|admitted| {
        start(host, model, number, admitted)
            .inspect_err(|failure| {
                // Nobody asked for it, so only the daemon's log has it.
                eprintln!("vm-test: cannot prepare a spare lab: {failure}");
                host.spare_labs.fail(&model.kind);
            })
            .ok()
    });
    host.spare_labs.fill(number, lab);
}

/// Starts a lab with its VMs, and waits until they only lack their leases.
fn start(
    host: &Host,
    model: &LabModel,
    number: u64,
    memory: Admitted,
) -> Result<SpareLab, Failure> {
    let (plan, tools) = (&model.kind.plan, &host.tools);
    let (_, name) = tools.names.next(&plan.name);
    let networks = prepare::networks(plan);
    let keeper = LabKeeper::start(&name, networks, &tools.maps, &tools.spawner)?;
    let nodes = plan.nodes.iter();
    let mut waiting = nodes.filter_map(|node| Some((node, model.nodes.get(&node.name)?)));
    let processors = processors();
    let nodes = std::thread::scope(|scope| {
        let (mut nodes, mut running) = (HashMap::new(), Vec::new());
        loop {
            let is_over = |(_, thread): &mut (_, ScopedJoinHandle<'_, _>)| thread.is_finished();
            for (name, thread) in running.extract_if(.., is_over) {
                let started: Result<SpareNode, Failure> = thread
                    .join()
                    .unwrap_or_else(|_| Err(Failure::new("a thread panicked")));
                nodes.insert(name, started?);
            }
            // A test runs on the other processors, unless one waits for this lab.
            let most = if host.spare_labs.is_awaited(number) {
                plan.nodes.len()
            } else {
                (processors / 2).max(1)
            };
            if running.len() < most
                && let Some((node, model)) = waiting.next()
            {
                let keeper = &keeper;
                let thread = std::thread::Builder::new()
                    .spawn_scoped(scope, move || start_node(host, keeper, plan, node, model))
                    .map_err(|error| Failure::new(format!("cannot start a thread: {error}")))?;
                running.push((node.name.clone(), thread));
            } else if running.is_empty() {
                return Ok(nodes);
            } else {
                std::thread::sleep(GLANCE);
            }
        }
    })?;
    Ok(SpareLab {
        keeper,
        name,
        nodes,
        memory,
    })
}

fn start_node(
    host: &Host,
    keeper: &LabKeeper,
    plan: &Lab,
    node: &Node,
    model: &Model,
) -> Result<SpareNode, Failure> {
    let ports = prepare::ports(plan, node);
    let parent = Parent::Lab(keeper, &ports);
    let failed =
        |error: std::io::Error| Failure::new(format!("cannot equip node `{}`: {error}", node.name));
    let assignment = without_own(&model.assignment);
    let mut model = model.clone();
    let World::Vm(vm) = &mut model.assignment.world else {
        return Err(Failure::new(format!("node `{}` is no VM", node.name)));
    };
    let disks = Disks::new(&vm.hardware.disks).map_err(failed)?;
    let (line, theirs) = Line::new().map_err(failed)?;
    vm.hardware.layers = disks.layers();
    vm.hardware.identity.machine_id = machine_id().map_err(failed)?;
    let mut others = disks.descriptors().map_err(failed)?;
    others.push(theirs);
    let outfit = Outfit {
        assignment: model.assignment.clone(),
        disks,
        line,
    };
    let spare = standby::start(host, model, &parent, others, None)?;
    Ok(SpareNode {
        assignment,
        spare,
        outfit,
    })
}
