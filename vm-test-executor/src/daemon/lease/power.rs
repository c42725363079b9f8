//! Changes the power of a lab's nodes. Starts none: a node is switched on by a lease, and cut off by
//! the end of it.

use super::labs::LivingLab;
use super::line::Line;
use super::nodes::NodeState;
use crate::backend::kvm::MachineOrder;
use crate::config::Backend;
use std::sync::Arc;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::order::PowerChange;

/// How long a lease may take to end once its client has given it up.
const ENDING: Duration = Duration::from_secs(30);

/// How long a VM may take to stop or go on.
const ANSWER: Duration = Duration::from_secs(30);

/// How long a system may take to shut down: systemd gives its services 90 seconds.
const SHUTTING_DOWN: Duration = Duration::from_secs(120);

/// Changes the power of a node.
pub(super) fn change(lab: &LivingLab, node: &str, change: PowerChange) -> Result<(), Failure> {
    match change {
        PowerChange::Off => await_end(lab, node),
        PowerChange::Kill => {
            await_end(lab, node)?;
            lab.nodes.with(node, |state| *state = NodeState::default());
            Ok(())
        }
        PowerChange::Shutdown => shut_down(lab, node),
        PowerChange::Pause => pause(lab, node),
        PowerChange::Resume => resume(lab, node),
        PowerChange::Boot | PowerChange::Reboot => {
            Err(Failure::new("a node is switched on by leasing it"))
        }
    }
}

/// Waits for the end of a lease that its client has given up.
pub(super) fn await_end(lab: &LivingLab, node: &str) -> Result<(), Failure> {
    if lab.nodes.await_release(node, ENDING) {
        return Ok(());
    }
    let words = format!("its lease has not ended within {ENDING:?}");
    Err(Failure::new(words))
}

fn shut_down(lab: &LivingLab, node: &str) -> Result<(), Failure> {
    let line = line(lab, node)?;
    if lab.nodes.with(node, |state| state.is_paused) {
        return Err(Failure::new("it is paused").hint("resume it first, or use power_off()"));
    }
    lab.nodes.with(node, |state| state.is_ordered_off = true);
    let ended = line.order(&MachineOrder::ShutDown, ANSWER).and_then(|()| {
        if lab.nodes.await_release(node, SHUTTING_DOWN) {
            return Ok(());
        }
        let words = format!("it is still on after {SHUTTING_DOWN:?}");
        Err(Failure::new(words).hint("power_off() cuts its power"))
    });
    if ended.is_err() {
        lab.nodes.with(node, |state| state.is_ordered_off = false);
    }
    ended
}

fn pause(lab: &LivingLab, node: &str) -> Result<(), Failure> {
    let line = line(lab, node)?;
    if lab.nodes.with(node, |state| state.is_paused) {
        return Err(Failure::new("it is paused already"));
    }
    line.order(&MachineOrder::Pause, ANSWER)?;
    lab.nodes.with(node, |state| state.is_paused = true);
    Ok(())
}

fn resume(lab: &LivingLab, node: &str) -> Result<(), Failure> {
    let line = line(lab, node)?;
    if !lab.nodes.with(node, |state| state.is_paused) {
        return Err(Failure::new("it is not paused"));
    }
    line.order(&MachineOrder::Resume, ANSWER)?;
    lab.nodes.with(node, |state| state.is_paused = false);
    Ok(())
}

/// Returns where the VM of a node takes orders.
fn line(lab: &LivingLab, node: &str) -> Result<Arc<Line>, Failure> {
    let known = lab.plan.nodes.iter().find(|known| known.name == node);
    let known = known.ok_or_else(|| Failure::new("the lab has no such node"))?;
    if known.guest.backend != Backend::Kvm {
        return Err(Failure::new("it is a container").hint("use backend = \"kvm\""));
    }
    let line = lab.nodes.with(node, |state| state.line.clone());
    line.ok_or_else(|| Failure::new("it is off, or has not started yet"))
}
