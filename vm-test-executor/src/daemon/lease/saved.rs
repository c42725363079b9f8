//! The saved states of a lab: the memory of its VMs, and their disks at that moment. Only records;
//! they end with their lab.

use super::super::prepare::Ready;
use super::admission::Admitted;
use super::disks::Disks;
use crate::sync;
use std::collections::BTreeMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Mutex};

/// The most states that a lab may have at a time. Each costs memory, and each that was ever made
/// costs its VMs a layer of their disks.
const MOST: usize = 8;

/// The saved states of a lab, by their numbers.
#[derive(Debug, Default)]
pub(super) struct SavedStates {
    all: Mutex<(u64, BTreeMap<u64, Arc<Saved>>)>,
}

/// A saved state.
#[derive(Debug)]
pub(super) struct Saved {
    /// The nodes that had a disk.
    pub(super) nodes: Vec<SavedNode>,
    /// Room for the memory of all nodes.
    pub(super) _room: Admitted,
}

/// A node in a saved state.
#[derive(Debug)]
pub(super) struct SavedNode {
    pub(super) name: String,
    pub(super) made: Ready,
    pub(super) disks: Disks,
    /// Its memory and devices, if it was on.
    pub(super) state: Option<OwnedFd>,
}

impl SavedStates {
    /// Returns whether there may be one more.
    pub(super) fn has_room(&self) -> bool {
        sync::lock(&self.all).1.len() < MOST
    }

    /// Adds a state; returns its number.
    pub(super) fn add(&self, saved: Saved) -> u64 {
        let mut all = sync::lock(&self.all);
        all.0 += 1;
        let number = all.0;
        all.1.insert(number, Arc::new(saved));
        number
    }

    /// Returns the state with this number.
    pub(super) fn find(&self, number: u64) -> Option<Arc<Saved>> {
        sync::lock(&self.all).1.get(&number).cloned()
    }

    /// Forgets the state with this number.
    pub(super) fn forget(&self, number: u64) {
        sync::lock(&self.all).1.remove(&number);
    }
}
