//! A pool of VMs that are started ahead of their leases: while a test runs on a VM, another one of the same kind is prepared
//! for the next test, or several if tests start faster than that. Holds them, and ends those that are not used in time;
//! starts none. Two VMs are of the same kind if their worlds are equal except for the name.

use super::super::environment;
use crate::keeper::World;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long it waits unless the environment says otherwise: a run's next test comes at once, and the memory is others' otherwise.
const WAIT: Duration = Duration::from_secs(10);

/// How long a lease waits for a spare that is being prepared; far longer than it would take to prepare one itself.
pub(super) const PREPARING: Duration = Duration::from_secs(20);

/// How long a VM that could not be prepared is not tried again; every test would lose time by it.
const PAUSE: Duration = Duration::from_secs(60);

/// At most so many VMs are prepared for the same world at a time, and never more than there are processors for them.
const MOST: usize = 4;

/// All spares of a daemon. Ending one is dropping it.
#[derive(Debug)]
pub(crate) struct Spares<S> {
    wait: Duration,
    state: Mutex<State<S>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<S> {
    slots: Vec<Slot<S>>,
    numbers: u64,
    /// The worlds of those that could not be prepared, and when.
    failed: Vec<(World, Instant)>,
    /// The worlds for which a lease came before its spare was ready, and when.
    hurried: Vec<(World, Instant)>,
}

/// A spare, or the place of one that is being prepared.
#[derive(Debug)]
struct Slot<S> {
    number: u64,
    /// That of an instance that would be started now, without its name.
    world: World,
    /// Whether a lease waits for it.
    is_claimed: bool,
    /// Since when it has been ready.
    spare: Option<(S, Instant)>,
}

impl<S> Spares<S> {
    /// As the environment asks for them.
    pub(crate) fn of_environment() -> Self {
        Self::that_wait(
            environment::time(vm_test_runtime::variables::SPARE_SECONDS).unwrap_or(WAIT),
        )
    }

    /// A pool in which each spare waits this long for its lease.
    pub(super) fn that_wait(wait: Duration) -> Self {
        Self {
            wait,
            state: Mutex::new(State {
                slots: Vec::new(),
                numbers: 0,
                failed: Vec::new(),
                hurried: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// A spare for this world, if there is one or is about to be. It may have died.
    pub(super) fn take(&self, world: &World) -> Option<S> {
        let world = nameless(world);
        let mut state = self.lock();
        let slot = state
            .slots
            .iter_mut()
            .find(|slot| !slot.is_claimed && slot.world == world)?;
        slot.is_claimed = true;
        let (number, is_ready) = (slot.number, slot.spare.is_some());
        if !is_ready {
            state.hurried.retain(|(hurried, _)| *hurried != world);
            state.hurried.push((world, Instant::now()));
        }
        let limit = Instant::now() + PREPARING;
        loop {
            // If it could not be prepared, its slot is gone.
            let at = state.slots.iter().position(|slot| slot.number == number)?;
            let late = limit.saturating_duration_since(Instant::now());
            if state.slots[at].spare.is_some() || late.is_zero() {
                let slot = state.slots.swap_remove(at);
                return slot.spare.map(|(spare, _)| spare);
            }
            let waited = self.changed.wait_timeout(state, late);
            (state, _) = waited.unwrap_or_else(|poison| poison.into_inner());
        }
    }

    /// How many VMs for this world are to be there: one, or as many as can be prepared at a time.
    pub(super) fn wanted(&self, world: &World) -> usize {
        self.lock().wanted(&nameless(world), self.wait)
    }

    /// The number of a place for a spare of this world, if one may be prepared. Whoever has it fills the place.
    pub(super) fn reserve(&self, world: &World) -> Option<u64> {
        let world = nameless(world);
        let mut state = self.lock();
        state.failed.retain(|(_, when)| when.elapsed() < PAUSE);
        let has_failed = state.failed.iter().any(|(failed, _)| *failed == world);
        let is_there = |slot: &&Slot<S>| !slot.is_claimed && slot.world == world;
        let there = state.slots.iter().filter(is_there).count();
        if has_failed || there >= state.wanted(&world, self.wait) {
            return None;
        }
        state.numbers += 1;
        let number = state.numbers;
        state.slots.push(Slot {
            number,
            world,
            is_claimed: false,
            spare: None,
        });
        Some(number)
    }

    /// Remembers that a VM for this world could not be prepared, so that none is tried for a while.
    pub(super) fn fail(&self, world: &World) {
        self.lock().failed.push((nameless(world), Instant::now()));
    }

    /// Fills a reserved place, or gives it up.
    pub(super) fn fill(&self, number: u64, spare: Option<S>) {
        let mut state = self.lock();
        // A lease may have lost its patience.
        let at = state.slots.iter().position(|slot| slot.number == number);
        match (at, spare) {
            (Some(at), Some(spare)) => state.slots[at].spare = Some((spare, Instant::now())),
            (Some(at), None) => drop(state.slots.swap_remove(at)),
            (None, spare) => {
                drop(state);
                drop(spare);
            }
        }
        self.changed.notify_all();
    }

    /// Ends those that nobody came for in time, and forgets those that have died.
    pub(crate) fn expire(&self, is_alive: impl Fn(&S) -> bool) {
        self.end(|spare, since| since.elapsed() >= self.wait || !is_alive(spare));
    }

    /// Ends all that nobody waits for: their memory is needed.
    pub(crate) fn clear(&self) {
        self.end(|_, _| true);
    }

    /// How many are ready.
    pub(crate) fn count(&self) -> usize {
        let state = self.lock();
        let ready = state.slots.iter().filter(|slot| slot.spare.is_some());
        ready.count()
    }

    fn end(&self, which: impl Fn(&S, Instant) -> bool) {
        let mut state = self.lock();
        let is_one = |slot: &Slot<S>| {
            let spare = slot.spare.as_ref();
            !slot.is_claimed && spare.is_some_and(|(spare, since)| which(spare, *since))
        };
        let ended: Vec<Slot<S>> = state.slots.extract_if(.., |slot| is_one(slot)).collect();
        drop(state);
        // This takes a moment, and nobody else has to wait for it.
        drop(ended);
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

impl<S> State<S> {
    fn wanted(&mut self, world: &World, wait: Duration) -> usize {
        self.hurried.retain(|(_, when)| when.elapsed() < wait);
        let is_hurried = self.hurried.iter().any(|(hurried, _)| hurried == world);
        match (wait.is_zero(), is_hurried) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => {
                std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(MOST))
            }
        }
    }
}

fn nameless(world: &World) -> World {
    World {
        instance: String::new(),
        ..world.clone()
    }
}

#[cfg(test)]
mod tests;
