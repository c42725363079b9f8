//! A lab that was started ahead of its request, and what makes two labs alike. Its VMs wait for
//! their leases; its containers start with theirs. Starts nothing.

use super::super::instance::LabKeeper;
use super::admission::Admitted;
use super::disks::Disks;
use super::line::Line;
use super::model::Model;
use super::spare::Spare;
use super::spares::Kind;
use crate::config::lab::Lab;
use crate::keeper::{Assignment, World};
use std::collections::HashMap;

/// What a lab is: a test with the same one gets a spare of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LabKind {
    pub(super) plan: Lab,
    /// The test binary, whose files its nodes have.
    pub(super) program: String,
}

/// A lab that only lacks its request.
#[derive(Debug)]
pub(crate) struct SpareLab {
    // Dropped first: that ends all of its nodes at once.
    pub(super) keeper: LabKeeper,
    pub(super) name: String,
    /// The VMs among its nodes, by the names of these.
    pub(super) nodes: HashMap<String, SpareNode>,
    /// The memory of all of its nodes. Processors it gets with its request.
    pub(super) memory: Admitted,
}

/// A node of a lab that only lacks its lease.
#[derive(Debug)]
pub(super) struct SpareNode {
    /// Its world, but for what distinguishes it from another VM that is the same node.
    pub(super) assignment: Assignment,
    pub(super) spare: Spare,
    pub(super) outfit: Outfit,
}

/// What a node has beside its VM.
#[derive(Debug)]
pub(super) struct Outfit {
    /// The world of its VM.
    pub(super) assignment: Assignment,
    pub(super) disks: Disks,
    pub(super) line: Line,
}

/// The nodes of a lab that has begun, as models for those of a spare.
#[derive(Clone, Debug)]
pub(super) struct LabModel {
    pub(super) kind: LabKind,
    /// The VMs among them, by their names in the lab.
    pub(super) nodes: HashMap<String, Model>,
}

impl Kind for LabKind {
    fn common(&self) -> Self {
        self.clone()
    }
}

impl SpareLab {
    /// Returns how many VMs it has.
    pub(super) fn vms(&self) -> usize {
        self.nodes.len()
    }

    /// Returns whether its keeper and those of all its nodes run.
    pub(crate) fn is_alive(&self) -> bool {
        self.keeper.is_alive() && self.nodes.values().all(|node| node.spare.is_alive())
    }
}

impl SpareNode {
    /// Returns the VM if a lease that wants this world can have it; otherwise it ends.
    pub(super) fn for_lease(self, assignment: &Assignment) -> Option<Self> {
        let is_it = self.assignment == without_own(assignment);
        (is_it && self.spare.is_alive()).then_some(self)
    }
}

/// Returns the world of a node without what each copy of it has of its own: its name, its template,
/// its machine id and its disks.
pub(super) fn without_own(assignment: &Assignment) -> Assignment {
    let mut common = assignment.common();
    if let World::Vm(vm) = &mut common.world {
        vm.hardware.layers = 0;
        vm.hardware.identity.machine_id.clear();
    }
    common
}
