//! The labs of a daemon. Only records; starts nothing.

use super::super::instance::LabKeeper;
use super::nodes::Nodes;
use super::room::Room;
use super::saved::SavedStates;
use crate::config::lab::Lab;
use crate::sync;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// The labs that live, by their own names.
#[derive(Debug, Default)]
pub(crate) struct Labs {
    alive: Mutex<HashMap<String, Arc<LivingLab>>>,
}

/// A lab whose keeper runs.
#[derive(Debug)]
pub(super) struct LivingLab {
    pub(super) plan: Lab,
    pub(super) keeper: LabKeeper,
    /// The room of all of its nodes.
    pub(super) room: Room,
    pub(super) nodes: Nodes,
    pub(super) saved: SavedStates,
}

/// An entry among the labs; dropping it ends the lab with all its nodes.
#[derive(Debug)]
pub(super) struct Entry<'a> {
    labs: &'a Labs,
    name: String,
    pub(super) lab: Arc<LivingLab>,
}

impl Labs {
    /// Adds a lab under its own name.
    pub(super) fn insert(&self, name: String, lab: LivingLab) -> Entry<'_> {
        let lab = Arc::new(lab);
        sync::lock(&self.alive).insert(name.clone(), Arc::clone(&lab));
        Entry {
            labs: self,
            name,
            lab,
        }
    }

    /// Returns the lab of this own name.
    pub(super) fn find(&self, name: &str) -> Option<Arc<LivingLab>> {
        sync::lock(&self.alive).get(name).cloned()
    }
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        sync::lock(&self.labs.alive).remove(&self.name);
        // Leases of its nodes may still have it for a moment.
        self.lab.keeper.end();
    }
}
