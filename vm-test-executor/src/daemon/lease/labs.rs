//! The labs of a daemon, and the nodes that leases take from them. Only records; starts nothing.

use super::super::instance::LabKeeper;
use super::super::prepare::{self, OnLab};
use super::captures::Captures;
use super::holding::Holding;
use super::room::Room;
use crate::config::Guest;
use crate::config::lab::{Lab, Node};
use crate::keeper::lab::Port;
use crate::sync;
use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::NodeOfLab;
use vm_test_protocol::status::LabStatus;

/// The labs that live, by their own names.
#[derive(Debug, Default)]
pub(crate) struct Labs {
    alive: Mutex<HashMap<String, Arc<LivingLab>>>,
}

/// A lab whose keeper runs.
#[derive(Debug)]
pub(super) struct LivingLab {
    /// Its own name, by which its nodes are leased.
    pub(super) name: String,
    pub(super) purpose: String,
    pub(super) since: Instant,
    /// Where captures of its networks are written.
    pub(super) captures: Captures,
    pub(super) plan: Lab,
    pub(super) keeper: LabKeeper,
    /// The room of all of its nodes.
    pub(super) room: Room,
    /// The nodes that have a lease, or had one.
    pub(super) leased: Mutex<HashSet<String>>,
    pub(super) holding: Holding,
}

/// A node that a lease has taken.
#[derive(Debug)]
pub(super) struct LeasedNode {
    lab: Arc<LivingLab>,
    node: Node,
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
        sync::lock(&self.alive).insert(lab.name.clone(), Arc::clone(&lab));
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

    /// Takes a node, which each lab gives once.
    pub(super) fn take(&self, wanted: &NodeOfLab) -> Result<LeasedNode, Failure> {
        let cannot = |cause: &str| {
            Failure::new(format!(
                "cannot lease node `{}` of lab {}: {cause}",
                wanted.node, wanted.lab
            ))
        };
        let lab = self.find(&wanted.lab);
        let lab = lab.ok_or_else(|| cannot("there is no such lab"))?;
        let node = lab.plan.nodes.iter().find(|node| node.name == wanted.node);
        let node = node
            .ok_or_else(|| cannot("the lab has no such node"))?
            .clone();
        if !sync::lock(&lab.leased).insert(node.name.clone()) {
            return Err(cannot("it has been leased already"));
        }
        Ok(LeasedNode { lab, node })
    }
}

impl LivingLab {
    fn status(&self) -> LabStatus {
        let networks = self.plan.networks.iter();
        LabStatus {
            lab: self.name.clone(),
            name: self.plan.name.clone(),
            purpose: self.purpose.clone(),
            age: self.since.elapsed(),
            networks: networks.map(|network| network.name.clone()).collect(),
            nodes: prepare::entries(&self.plan),
            kept: self.holding.status(),
        }
    }
}

impl LeasedNode {
    /// Notes for how long its instance may be kept, which may be how long the lab may be held.
    pub(super) fn note_keep(&self, keep_for: Option<Duration>) {
        self.lab.holding.hear(&self.node.name, keep_for);
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
}

impl Drop for Entry<'_> {
    fn drop(&mut self) {
        sync::lock(&self.labs.alive).remove(&self.lab.name);
        // Leases of its nodes may still have it for a moment.
        self.lab.keeper.end();
    }
}
