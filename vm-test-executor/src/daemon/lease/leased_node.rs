//! A node that a lease has taken from its lab: what it is made of, and how its VM comes up.

use super::super::instance::LabKeeper;
use super::super::prepare::{self, OnLab, Ready, Tools};
use super::disks::Disks;
use super::gathering::Gathering;
use super::labs::{Labs, LivingLab};
use super::line::Line;
use super::model::Model;
use super::nodes::Resumes;
use super::queue;
use super::room::Room;
use super::spare::Spare;
use super::spare_lab::{Outfit, SpareNode};
use crate::backend::kvm::{MachineAnswer, MachineOrder, Start};
use crate::config::Guest;
use crate::config::lab::Node;
use crate::keeper::lab::Port;
use crate::keeper::{Assignment, Descriptor, World};
use crate::sync;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::NodeOfLab;

/// A node that a lease has taken. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct LeasedNode {
    lab: Arc<LivingLab>,
    node: Node,
    /// What its VM is restored from, if it is to be.
    state: Option<OwnedFd>,
    /// With whom its VM goes on.
    gathering: Option<Arc<Gathering>>,
    /// Where its VM takes orders.
    line: Option<Line>,
}

impl LeasedNode {
    /// Takes a node of a lab, which has one lease at a time.
    pub(super) fn take(labs: &Labs, wanted: &NodeOfLab) -> Result<Self, Failure> {
        let cannot = |cause: &str| {
            Failure::new(format!(
                "cannot lease node `{}` of lab {}: {cause}",
                wanted.node, wanted.lab
            ))
        };
        let lab = labs.find(&wanted.lab);
        let lab = lab.ok_or_else(|| cannot("there is no such lab"))?;
        let node = lab.plan.nodes.iter().find(|node| node.name == wanted.node);
        let node = node
            .ok_or_else(|| cannot("the lab has no such node"))?
            .clone();
        if !lab.nodes.take(&node.name) {
            return Err(cannot("it is leased already"));
        }
        Ok(Self::of(lab, node))
    }

    fn of(lab: Arc<LivingLab>, node: Node) -> Self {
        let resumes = lab.nodes.with(&node.name, |state| state.resumes.take());
        let (state, gathering) = match resumes {
            Some(Resumes { state, gathering }) => (Some(state), Some(gathering)),
            None => (None, None),
        };
        Self {
            lab,
            node,
            state,
            gathering,
            line: None,
        }
    }

    /// Notes for how long its instance may be kept, which may be how long the lab may be held.
    pub(super) fn note_keep(&self, keep_for: Option<Duration>) {
        self.lab.about.holding.hear(&self.node.name, keep_for);
    }

    /// Notes the instance that has become this node.
    pub(super) fn note(&self, model: Option<Model>) {
        let name = || self.node.name.clone();
        sync::lock(&self.lab.models).extend(model.map(|model| (name(), model)));
    }

    /// Returns the VM that was started ahead for this node, if this is its world.
    pub(super) fn ahead(&self, assignment: &Assignment) -> Option<SpareNode> {
        let ahead = sync::lock(&self.lab.ahead).remove(&self.node.name);
        ahead?.for_lease(assignment)
    }

    /// Gives the node the disks of its VM, which was started ahead, and the line on which that takes
    /// orders.
    pub(super) fn take_over(&mut self, outfit: Outfit, ready: &Ready, spare: &Spare) {
        let mut bare = ready.bare();
        bare.assignment = outfit.assignment;
        bare.held = Arc::new((Arc::clone(&bare.held), Arc::clone(&spare._held)));
        self.line = Some(outfit.line);
        self.lab.nodes.with(&self.node.name, |state| {
            state.made = Some((bare, outfit.disks));
        });
    }

    /// Returns the guest that it is a copy of, under the node's name.
    pub(super) fn guest(&self) -> Guest {
        Guest {
            name: self.node.name.clone(),
            ..self.node.guest.clone()
        }
    }

    /// Returns what makes an instance this node.
    pub(super) fn on_lab(&self) -> OnLab {
        prepare::on_lab(&self.lab.plan, &self.node)
    }

    /// Returns its links to networks.
    pub(super) fn ports(&self) -> Vec<Port> {
        prepare::ports(&self.lab.plan, &self.node)
    }

    /// Returns the keeper of its lab.
    pub(super) fn keeper(&self) -> &LabKeeper {
        &self.lab.keeper
    }

    /// Returns the room that its lab was given.
    pub(super) fn room(&self) -> Room {
        self.lab.room.clone()
    }

    /// Returns what it takes to start its VM from the disks that it had; `None` if it has none.
    pub(super) fn again(&self, tools: &Tools, guest: &Guest) -> Result<Option<Ready>, Failure> {
        let start = match self.state {
            Some(_) => Start::Resume,
            None => Start::Boot,
        };
        let again = |made: &Ready| prepare::again(tools, guest, made, start);
        self.lab.nodes.with(&self.node.name, |state| {
            state.made.as_ref().map(|(made, _)| again(made)).transpose()
        })
    }

    /// Gives a VM disks that outlive it, and a line on which it takes orders.
    pub(super) fn equip(&mut self, ready: &mut Ready) -> Result<(), Failure> {
        let failed = |error: std::io::Error| {
            let words = format!(
                "cannot make the disks of node `{}`: {error}",
                self.node.name
            );
            Failure::new(words)
        };
        let bare = ready.bare();
        let World::Vm(vm) = &mut ready.assignment.world else {
            return Ok(());
        };
        let disks = self.lab.nodes.with(&self.node.name, |state| {
            if state.made.is_none() {
                state.made = Some((bare, Disks::new(&vm.hardware.disks)?));
            }
            Ok(state.made.as_ref().map(|(_, disks)| disks.clone()))
        });
        let Some(disks) = disks.map_err(failed)? else {
            return Ok(());
        };
        vm.hardware.layers = disks.layers();
        let (line, theirs) = Line::new().map_err(failed)?;
        self.line = Some(line);
        let others = &mut ready.belongings.others;
        others.extend(disks.descriptors().map_err(failed)?);
        others.push(theirs);
        others.extend(self.state.take().map(|state| (Descriptor::State, state)));
        Ok(())
    }

    /// Waits until its VM has started, or is not going to.
    pub(super) fn await_up(&mut self, client: &UnixStream, stop: &OwnedFd) {
        let Some(line) = self.line.take() else {
            return;
        };
        while let Some(answer) = line.next(client, stop) {
            match answer {
                MachineAnswer::Restored => {
                    let gathering = self.gathering.take();
                    let is_wanted = || queue::is_there(client);
                    let goes = gathering.is_some_and(|gathering| gathering.join(is_wanted));
                    if !goes || line.send(&MachineOrder::Go, &[]).is_err() {
                        return;
                    }
                }
                MachineAnswer::Up => {
                    let line = Some(Arc::new(line));
                    return self
                        .lab
                        .nodes
                        .with(&self.node.name, |state| state.line = line);
                }
                _ => return,
            }
        }
    }

    /// Returns whether its VM has ended by an order.
    pub(super) fn is_ordered_off(&self) -> bool {
        let nodes = &self.lab.nodes;
        nodes.with(&self.node.name, |state| state.is_ordered_off)
    }
}

impl Drop for LeasedNode {
    fn drop(&mut self) {
        if let Some(gathering) = self.gathering.take() {
            gathering.fail();
        }
        self.lab.nodes.release(&self.node.name);
    }
}
