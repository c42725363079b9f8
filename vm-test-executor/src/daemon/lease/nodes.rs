//! What a lab knows of its nodes between their leases and during them. Only records; starts nothing.

use super::super::prepare::Ready;
use super::disks::Disks;
use super::gathering::Gathering;
use super::line::Line;
use crate::sync;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// The nodes of one lab, by their names.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    states: Mutex<HashMap<String, NodeState>>,
    changed: Condvar,
}

/// What is known of a node.
#[derive(Debug, Default)]
pub(super) struct NodeState {
    pub(super) is_leased: bool,
    /// How its VM was made ready first, and the files of its disks: it boots from them.
    pub(super) made: Option<(Ready, Disks)>,
    /// What its VM is restored from when it is leased next.
    pub(super) resumes: Option<Resumes>,
    /// Where its VM takes orders, while it runs.
    pub(super) line: Option<Arc<Line>>,
    pub(super) is_paused: bool,
    /// Whether the end of its VM is the answer to an order.
    pub(super) is_ordered_off: bool,
}

/// A state that a VM is restored from, and with whom it goes on.
#[derive(Debug)]
pub(super) struct Resumes {
    pub(super) state: OwnedFd,
    pub(super) gathering: Arc<Gathering>,
}

impl Nodes {
    /// Looks at a node, or changes it.
    pub(super) fn with<T>(&self, node: &str, look: impl FnOnce(&mut NodeState) -> T) -> T {
        let mut states = sync::lock(&self.states);
        look(states.entry(node.to_owned()).or_default())
    }

    /// Takes a node for a lease; returns whether it was free.
    pub(super) fn take(&self, node: &str) -> bool {
        self.with(node, |state| {
            state.is_ordered_off = false;
            !std::mem::replace(&mut state.is_leased, true)
        })
    }

    /// Gives a node back whose lease has ended.
    pub(super) fn release(&self, node: &str) {
        self.with(node, |state| {
            state.is_leased = false;
            state.is_paused = false;
            state.line = None;
        });
        self.changed.notify_all();
    }

    /// Waits until a node has no lease; returns whether that is so within the limit.
    pub(super) fn await_release(&self, node: &str, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        let mut states = sync::lock(&self.states);
        while states.get(node).is_some_and(|state| state.is_leased) {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            let waited = self.changed.wait_timeout(states, left);
            states = waited.unwrap_or_else(|poison| poison.into_inner()).0;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_leased_once_at_a_time_and_whoever_waits_learns_of_its_end() {
        let nodes = Nodes::default();
        assert!(nodes.take("a") && !nodes.take("a") && nodes.take("b"));
        assert!(!nodes.await_release("a", Duration::from_millis(10)));
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| nodes.await_release("a", Duration::from_secs(20)));
            nodes.release("a");
            assert!(waiting.join().unwrap());
        });
        assert!(nodes.take("a"));
        assert!(nodes.await_release("c", Duration::ZERO));
    }
}
