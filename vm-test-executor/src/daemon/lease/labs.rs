//! The labs of a daemon. Only records; starts nothing.

use super::super::instance::LabKeeper;
use super::super::prepare;
use super::admission::Admitted;
use super::captures::Captures;
use super::holding::Holding;
use super::model::Model;
use super::nodes::Nodes;
use super::room::Room;
use super::saved::SavedStates;
use super::spare_lab::{LabKind, LabModel, SpareNode};
use crate::config::lab::Lab;
use crate::sync;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use vm_test_protocol::status::LabStatus;

/// The labs that live, by their own names.
#[derive(Debug, Default)]
pub(crate) struct Labs {
    alive: Mutex<HashMap<String, Arc<LivingLab>>>,
}

/// What is known of a lab besides its plan.
#[derive(Debug)]
pub(super) struct About {
    /// Its own name, by which its nodes are leased.
    pub(super) name: String,
    pub(super) purpose: String,
    pub(super) since: Instant,
    /// Where captures of its networks are written.
    pub(super) captures: Captures,
    pub(super) holding: Holding,
}

/// A lab whose keeper runs.
#[derive(Debug)]
pub(super) struct LivingLab {
    pub(super) about: About,
    pub(super) plan: Lab,
    /// The test binary that it was requested for.
    program: String,
    pub(super) keeper: LabKeeper,
    /// The room of all of its nodes.
    pub(super) room: Room,
    /// Their memory, if they were started ahead and so have it apart from that.
    _memory: Option<Admitted>,
    pub(super) nodes: Nodes,
    pub(super) saved: SavedStates,
    /// The nodes that were started ahead, and have no lease yet.
    pub(super) ahead: Mutex<HashMap<String, SpareNode>>,
    /// The VMs among its nodes, as models for those of a spare lab.
    pub(super) models: Mutex<HashMap<String, Model>>,
}

impl LivingLab {
    /// Returns a lab with this keeper and the nodes that were started ahead, none of them leased.
    pub(super) fn new(
        about: About,
        kind: LabKind,
        keeper: LabKeeper,
        ahead: HashMap<String, SpareNode>,
        room: Room,
        memory: Option<Admitted>,
    ) -> Self {
        Self {
            about,
            plan: kind.plan,
            program: kind.program,
            keeper,
            room,
            _memory: memory,
            nodes: Nodes::default(),
            saved: SavedStates::default(),
            ahead: Mutex::new(ahead),
            models: Mutex::default(),
        }
    }

    /// Returns the model for a spare lab, unless that would have no VM, and so nothing to prepare.
    pub(super) fn model(&self) -> Option<LabModel> {
        let nodes = sync::lock(&self.models).clone();
        (!nodes.is_empty()).then(|| LabModel {
            kind: LabKind {
                plan: self.plan.clone(),
                program: self.program.clone(),
            },
            nodes,
        })
    }
}

/// An entry among the labs; dropping it ends the lab with all its nodes.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    labs: &'a Labs,
    pub(super) lab: Arc<LivingLab>,
}

impl Labs {
    /// Adds a lab under its own name.
    pub(super) fn insert(&self, lab: LivingLab) -> Entry<'_> {
        let lab = Arc::new(lab);
        sync::lock(&self.alive).insert(lab.about.name.clone(), Arc::clone(&lab));
        Entry { labs: self, lab }
    }

    /// Returns the lab with this name of its own.
    pub(super) fn find(&self, name: &str) -> Option<Arc<LivingLab>> {
        sync::lock(&self.alive).get(name).cloned()
    }

    /// Returns what is known of all labs, the oldest first.
    pub(crate) fn status(&self) -> Vec<LabStatus> {
        let labs: Vec<_> = sync::lock(&self.alive).values().cloned().collect();
        let mut labs: Vec<_> = labs.iter().map(|lab| lab.status()).collect();
        labs.sort_by_key(|lab| std::cmp::Reverse(lab.age));
        labs
    }
}

impl LivingLab {
    fn status(&self) -> LabStatus {
        let networks = self.plan.networks.iter();
        LabStatus {
            lab: self.about.name.clone(),
            name: self.plan.name.clone(),
            purpose: self.about.purpose.clone(),
            age: self.about.since.elapsed(),
            networks: networks.map(|network| network.name.clone()).collect(),
            nodes: prepare::entries(&self.plan),
            kept: self.about.holding.status(),
        }
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        sync::lock(&self.labs.alive).remove(&self.lab.about.name);
        // Leases of its nodes may still have it for a moment.
        self.lab.keeper.end();
    }
}
