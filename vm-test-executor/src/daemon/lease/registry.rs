//! The running instances, and the latest ones that have ended. Only records; decides nothing.

use super::super::instance::{Console, Instance, OomWatch, OwnLink};
use super::super::prepare::Ready;
use super::admission::Admitted;
use super::kept::Kept;
use super::one_clock;
use crate::sync;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime};
use vm_test_protocol::daemon::{ExitReport, LeaseRequest, Leased};
use vm_test_protocol::record::{Log, Record, RecordOutcome, RunEntry};
use vm_test_protocol::status::InstanceStatus;

/// How many exit reports are kept.
const REPORTS: usize = 1024;

/// Everything known about a living instance.
#[derive(Debug)]
pub(crate) struct Living {
    pub(super) since: Instant,
    /// When its lease was requested.
    pub(super) asked: SystemTime,
    pub(super) status: InstanceStatus,
    pub(super) granted: Leased,
    pub(super) entry: Option<RunEntry>,
    pub(super) admitted: Arc<Admitted>,
    pub(super) watch: Arc<OomWatch>,
    pub(super) console: Option<Console>,
    /// Its link to the outside, if it has one of its own.
    pub(super) link: Option<Arc<OwnLink>>,
    /// The report of its test process, once the test is over.
    pub(super) record: Option<Record>,
    /// What all nodes of its lab had written by then, if the test did not pass.
    pub(super) lab_log: Option<String>,
    /// Set once the daemon holds the lease.
    pub(super) kept: Option<Arc<Kept>>,
}

/// All instances of this daemon.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    alive: HashMap<String, Living>,
    dead: VecDeque<(String, ExitReport)>,
}

impl Registry {
    pub(super) fn insert(&self, living: Living) {
        self.lock()
            .alive
            .insert(living.status.instance.clone(), living);
    }

    pub(super) fn retire(&self, instance: &str, exit_report: ExitReport) {
        let mut state = self.lock();
        state.alive.remove(instance);
        if state.dead.len() == REPORTS {
            state.dead.pop_front();
        }
        state.dead.push_back((instance.to_owned(), exit_report));
    }

    /// Calls `look` with a living instance, which it may change.
    pub(crate) fn with<T>(&self, instance: &str, look: impl FnOnce(&mut Living) -> T) -> Option<T> {
        self.lock().alive.get_mut(instance).map(look)
    }

    /// Returns whether a node of this lab lives.
    pub(super) fn has_node_of(&self, lab: &str) -> bool {
        self.lock().alive.values().any(|living| living.is_of(lab))
    }

    /// Returns the nodes of this lab that are kept.
    pub(super) fn kept_of(&self, lab: &str) -> Vec<Arc<Kept>> {
        let state = self.lock();
        let nodes = state.alive.values().filter(|living| living.is_of(lab));
        nodes.filter_map(|living| living.kept.clone()).collect()
    }

    /// Returns a node of this lab, if it is kept.
    pub(super) fn kept_node(&self, lab: &str, node: &str) -> Option<Arc<Kept>> {
        let state = self.lock();
        let mut nodes = state.alive.values().filter(|living| living.is_of(lab));
        let is_it = |living: &&Living| {
            let it = living.status.lab.as_ref();
            it.is_some_and(|it| it.node == node)
        };
        nodes.find(is_it)?.kept.clone()
    }

    /// Returns how many processes of a living instance the kernel has killed because memory ran
    /// out.
    pub(crate) fn oom_kills(&self, instance: &str) -> Option<u64> {
        let watch = self.with(instance, |living| Arc::clone(&living.watch))?;
        Some(watch.oom_kills())
    }

    /// Returns the last lines of a living instance's console, if it has one.
    pub(crate) fn console(&self, instance: &str) -> Option<Vec<String>> {
        self.with(instance, |living| living.console())?
    }

    /// Notes the report of a test process. An instance that is gone has been recorded already.
    pub(crate) fn record(&self, record: Record) {
        let instance = record.instance.clone();
        let has_passed = record.outcome == RecordOutcome::Passed;
        self.with(&instance, |living| living.record = Some(record));
        let lab = self.with(&instance, |living| living.status.lab.clone());
        // Soon its nodes are gone, with their consoles.
        if let Some(Some(node)) = lab.filter(|_| !has_passed) {
            let log = self.log_of_lab(&node.lab);
            self.with(&instance, |living| living.lab_log = Some(log));
        }
    }

    /// Returns what all nodes of a lab had written when its test failed, until that is stored.
    pub(super) fn last_log_of_lab(&self, lab: &str) -> Option<String> {
        let state = self.lock();
        let mut nodes = state.alive.values().filter(|living| living.is_of(lab));
        nodes.find_map(|living| living.lab_log.clone())
    }

    /// Returns what all nodes of a lab have written so far, by one clock.
    pub(super) fn log_of_lab(&self, lab: &str) -> String {
        let mut said = Vec::new();
        let mut consoles = Vec::new();
        let state = self.lock();
        for living in state.alive.values().filter(|living| living.is_of(lab)) {
            let record = living.record.iter();
            said.extend(record.flat_map(|record| record.said.iter().cloned()));
            let console = living.console.as_ref();
            if let Some(console) = console.and_then(|console| console.share().ok()) {
                consoles.push((living.status.guest.clone(), console));
            }
        }
        drop(state);
        let consoles = consoles.into_iter();
        let consoles: Vec<_> = consoles
            .map(|(node, console)| (node, console.timed_lines()))
            .collect();
        one_clock::merge(&said, &consoles)
    }

    pub(crate) fn exit_report(&self, instance: &str) -> Option<ExitReport> {
        let state = self.lock();
        let found = state.dead.iter().rev().find(|(name, _)| name == instance);
        found.map(|(_, exit_report)| exit_report.clone())
    }

    /// Returns the living instances, oldest first.
    pub(crate) fn alive(&self) -> Vec<InstanceStatus> {
        let state = self.lock();
        let mut alive: Vec<_> = state
            .alive
            .values()
            .map(|living| InstanceStatus {
                age: living.since.elapsed(),
                kept: living.kept.as_ref().map(|kept| kept.status()),
                ..living.status.clone()
            })
            .collect();
        alive.sort_by_key(|status| std::cmp::Reverse(status.age));
        alive
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

impl Living {
    /// Returns an instance that has just been started.
    pub(super) fn new(
        instance: &Instance,
        ready: &Ready,
        granted: Leased,
        request: &LeaseRequest,
        asked: SystemTime,
        admitted: Arc<Admitted>,
    ) -> Self {
        Self {
            since: Instant::now(),
            asked,
            status: InstanceStatus {
                instance: granted.instance.clone(),
                guest: ready.assignment.guest.clone(),
                kernel: ready.kernel.clone(),
                description: ready.description.clone(),
                purpose: request.purpose.clone(),
                keeper: instance.keeper(),
                holder: request.pid,
                age: Duration::ZERO,
                memory_bytes: granted.memory_bytes,
                lab: request.node.clone(),
                kept: None,
            },
            granted,
            entry: request.entry.clone(),
            admitted,
            watch: Arc::new(instance.oom_watch()),
            console: instance.console(),
            link: instance.link(),
            record: None,
            lab_log: None,
            kept: None,
        }
    }

    fn is_of(&self, lab: &str) -> bool {
        self.status.lab.as_ref().is_some_and(|node| node.lab == lab)
    }

    fn console(&self) -> Option<Vec<String>> {
        Some(self.console.as_ref()?.last_lines())
    }

    /// Returns what is known so far of its output.
    pub(crate) fn log(&self) -> Log {
        let (words, output) = self
            .record
            .as_ref()
            .map_or_else(Default::default, |record| {
                (
                    record.words.clone(),
                    Some(String::from_utf8_lossy(&record.output).into_owned()),
                )
            });
        Log {
            console: self.console.as_ref().map(Console::lines),
            words,
            output,
            lab: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_instances_are_remembered_each_by_what_was_said_of_it_last() {
        let registry = Registry::default();
        let retire = |name: &str, oom_kills| {
            let cause = None;
            registry.retire(name, ExitReport { cause, oom_kills });
        };
        let kills = |name: &str| {
            registry
                .exit_report(name)
                .map(|exit_report| exit_report.oom_kills)
        };
        retire("a-1", 1);
        retire("a-1", 2);
        assert_eq!((kills("a-1"), kills("a-2")), (Some(2), None));
        for number in 0..REPORTS {
            retire(&format!("b-{number}"), 0);
        }
        assert_eq!((kills("a-1"), kills("b-0")), (None, Some(0)));
        assert!(registry.alive().is_empty());
        assert_eq!(registry.oom_kills("b-0"), None);
        assert_eq!(registry.console("b-0"), None);
    }
}
