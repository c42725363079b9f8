//! The instances that are alive, and the last ones that are not. Remembers; decides nothing.

use super::cgroup::OomWatch;
use super::console::Console;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;
use vm_test::protocol::daemon::{InstanceStatus, Obituary};

/// How many obituaries are kept.
const OBITUARIES: usize = 1024;

#[derive(Debug)]
struct Living {
    since: Instant,
    status: InstanceStatus,
    watch: Arc<OomWatch>,
    console: Option<Console>,
}

/// All instances of this daemon.
#[derive(Debug, Default)]
pub(super) struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    born: u64,
    alive: HashMap<String, Living>,
    dead: VecDeque<(String, Obituary)>,
}

impl Registry {
    /// A new number for an instance.
    pub(super) fn next_number(&self) -> u64 {
        let mut state = self.lock();
        state.born += 1;
        state.born
    }

    pub(super) fn insert(&self, status: InstanceStatus, watch: OomWatch, console: Option<Console>) {
        let living = Living {
            since: Instant::now(),
            watch: Arc::new(watch),
            console,
            status,
        };
        self.lock()
            .alive
            .insert(living.status.instance.clone(), living);
    }

    pub(super) fn bury(&self, instance: &str, obituary: Obituary) {
        let mut state = self.lock();
        state.alive.remove(instance);
        if state.dead.len() == OBITUARIES {
            state.dead.pop_front();
        }
        state.dead.push_back((instance.to_owned(), obituary));
    }

    /// For a living instance: how many of its processes the kernel has killed because memory ran out.
    pub(super) fn oom_kills(&self, instance: &str) -> Option<u64> {
        let watch = Arc::clone(&self.lock().alive.get(instance)?.watch);
        Some(watch.oom_kills())
    }

    /// For a living instance that has a console: its last lines.
    pub(super) fn console(&self, instance: &str) -> Option<Vec<String>> {
        let state = self.lock();
        let console = state.alive.get(instance)?.console.as_ref()?;
        Some(console.last_lines())
    }

    pub(super) fn obituary(&self, instance: &str) -> Option<Obituary> {
        let state = self.lock();
        let found = state.dead.iter().rev().find(|(name, _)| name == instance);
        found.map(|(_, obituary)| obituary.clone())
    }

    /// The living, oldest first.
    pub(super) fn alive(&self) -> Vec<InstanceStatus> {
        let state = self.lock();
        let mut alive: Vec<_> = state
            .alive
            .values()
            .map(|living| InstanceStatus {
                age: u64::try_from(living.since.elapsed().as_millis()).unwrap_or(u64::MAX),
                ..living.status.clone()
            })
            .collect();
        alive.sort_by_key(|status| std::cmp::Reverse(status.age));
        alive
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}
