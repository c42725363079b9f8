//! A pool of instances, or of labs, that are started ahead of their leases: while a test runs on one,
//! another one of the same kind is prepared for the next test, or several if tests start faster than
//! that. Holds them, and ends those that are not used in time; starts none. Two instances are of the
//! same kind if their worlds are equal except for the name and a VM's template.

use super::super::environment;
use crate::backend::kvm::TEMPLATE;
use crate::host::processors::processors;
use crate::keeper::{Assignment, World};
use crate::sync;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// How long a spare waits by default.
///
/// The next test of a run comes at once; otherwise the memory is needed by others.
const WAIT: Duration = Duration::from_secs(10);

/// How long a lease waits for a spare that is being prepared: far longer than preparing one takes.
pub(super) const PREPARING: Duration = Duration::from_secs(20);

/// How long to wait after a failed preparation; otherwise every test would lose time by it.
const PAUSE: Duration = Duration::from_secs(60);

/// How many spares of the same kind are prepared at a time, if there are as many processors.
const MOST: usize = 4;

/// What a spare is: every lease of the same kind can have it.
pub(crate) trait Kind: Clone + PartialEq {
    /// Returns it without what differs between two of the same kind.
    fn common(&self) -> Self;
}

/// All spares of a daemon. Dropping a spare ends it.
#[derive(Debug)]
pub(crate) struct Spares<S, K = Assignment> {
    wait: Duration,
    state: Mutex<State<S, K>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<S, K> {
    slots: Vec<Slot<S, K>>,
    numbers: u64,
    /// Kinds whose preparation failed, and when.
    failed: Vec<(K, Instant)>,
    /// Kinds whose lease came before the spare was ready, and when.
    hurried: Vec<(K, Instant)>,
    /// Kinds that a lease was for, and when the last one began.
    leased: Vec<(K, Instant)>,
}

/// A spare, or a place reserved for one.
#[derive(Debug)]
struct Slot<S, K> {
    number: u64,
    kind: K,
    /// Whether a lease waits for it.
    is_claimed: bool,
    /// The spare, once it is ready, and since when.
    spare: Option<(S, Instant)>,
}

impl<S, K: Kind> Spares<S, K> {
    /// Returns a pool configured by the environment.
    pub(crate) fn of_environment() -> Self {
        Self::that_wait(
            environment::time(vm_test_runtime::variables::SPARE_SECONDS).unwrap_or(WAIT),
        )
    }

    /// Returns a pool in which each spare waits this long for its lease.
    pub(super) fn that_wait(wait: Duration) -> Self {
        Self {
            wait,
            state: Mutex::new(State {
                slots: Vec::new(),
                numbers: 0,
                failed: Vec::new(),
                hurried: Vec::new(),
                leased: Vec::new(),
            }),
            changed: Condvar::new(),
        }
    }

    /// Takes a spare of this kind, waiting for one that is being prepared.
    ///
    /// It may have died.
    pub(super) fn take(&self, kind: &K) -> Option<S> {
        let kind = kind.common();
        let mut state = self.lock();
        let slot = state
            .slots
            .iter_mut()
            .find(|slot| !slot.is_claimed && slot.kind == kind)?;
        slot.is_claimed = true;
        let (number, is_ready) = (slot.number, slot.spare.is_some());
        if !is_ready {
            state.hurried.retain(|(hurried, _)| *hurried != kind);
            state.hurried.push((kind, Instant::now()));
        }
        let limit = Instant::now() + PREPARING;
        loop {
            // If preparation failed, the slot is gone.
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

    /// Notes that a lease of this kind has begun; returns whether another one had begun before it,
    /// less than the time ago that a spare waits.
    pub(super) fn is_repeated(&self, kind: &K) -> bool {
        let kind = kind.common();
        let mut state = self.lock();
        state.leased.retain(|(_, when)| when.elapsed() < self.wait);
        let known = state.leased.iter_mut().find(|(leased, _)| *leased == kind);
        let is_known = known.map(|(_, when)| *when = Instant::now()).is_some();
        if !is_known {
            state.leased.push((kind, Instant::now()));
        }
        is_known
    }

    /// Returns how many spares of this kind should be ready: one, or as many as can be prepared at
    /// a time.
    pub(super) fn wanted(&self, kind: &K) -> usize {
        self.lock().wanted(&kind.common(), self.wait)
    }

    /// Reserves a place for a spare of this kind, if one is wanted; returns its number.
    ///
    /// The caller must fill the place.
    pub(super) fn reserve(&self, kind: &K) -> Option<u64> {
        let kind = kind.common();
        let mut state = self.lock();
        state.failed.retain(|(_, when)| when.elapsed() < PAUSE);
        let has_failed = state.failed.iter().any(|(failed, _)| *failed == kind);
        let is_there = |slot: &&Slot<S, K>| !slot.is_claimed && slot.kind == kind;
        let there = state.slots.iter().filter(is_there).count();
        if has_failed || there >= state.wanted(&kind, self.wait) {
            return None;
        }
        state.numbers += 1;
        let number = state.numbers;
        state.slots.push(Slot {
            number,
            kind,
            is_claimed: false,
            spare: None,
        });
        Some(number)
    }

    /// Returns whether a lease waits for the spare of this place.
    pub(super) fn is_awaited(&self, number: u64) -> bool {
        let state = self.lock();
        let mut slots = state.slots.iter();
        slots.any(|slot| slot.number == number && slot.is_claimed)
    }

    /// Notes that preparing this kind failed, so that it is not retried for a while.
    pub(super) fn fail(&self, kind: &K) {
        self.lock().failed.push((kind.common(), Instant::now()));
    }

    /// Fills a reserved place, or gives it up.
    pub(super) fn fill(&self, number: u64, spare: Option<S>) {
        let mut state = self.lock();
        // A lease may have given up waiting and taken the place away.
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

    /// Ends spares that no lease took in time, and removes dead ones.
    pub(crate) fn expire(&self, is_alive: impl Fn(&S) -> bool) {
        self.end(|spare, since| since.elapsed() >= self.wait || !is_alive(spare));
    }

    /// Ends all spares that no lease waits for, because their memory is needed.
    pub(crate) fn clear(&self) {
        self.end(|_, _| true);
    }

    /// Returns how many are ready.
    pub(crate) fn count(&self) -> usize {
        self.sum(|_| 1)
    }

    /// Returns the sum of something over all that are ready.
    pub(super) fn sum(&self, of: impl Fn(&S) -> usize) -> usize {
        let state = self.lock();
        let ready = state.slots.iter().filter_map(|slot| slot.spare.as_ref());
        ready.map(|(spare, _)| of(spare)).sum()
    }

    fn end(&self, which: impl Fn(&S, Instant) -> bool) {
        let mut state = self.lock();
        let is_one = |slot: &Slot<S, K>| {
            let spare = slot.spare.as_ref();
            !slot.is_claimed && spare.is_some_and(|(spare, since)| which(spare, *since))
        };
        let ended: Vec<Slot<S, K>> = state.slots.extract_if(.., |slot| is_one(slot)).collect();
        drop(state);
        // Outside the lock, since it takes a moment.
        drop(ended);
    }

    fn lock(&self) -> MutexGuard<'_, State<S, K>> {
        sync::lock(&self.state)
    }
}

impl<S, K: Kind> State<S, K> {
    fn wanted(&mut self, kind: &K, wait: Duration) -> usize {
        self.hurried.retain(|(_, when)| when.elapsed() < wait);
        let is_hurried = self.hurried.iter().any(|(hurried, _)| hurried == kind);
        match (wait.is_zero(), is_hurried) {
            (true, _) => 0,
            (false, false) => 1,
            (false, true) => processors().min(MOST),
        }
    }
}

impl Kind for Assignment {
    fn common(&self) -> Self {
        let mut common = Self {
            instance: String::new(),
            ..self.clone()
        };
        match &mut common.world {
            // It follows from whether there is a control group, which each one has or not.
            World::Container(container) => container.watch_memory = false,
            // It is the same VM, whether it was restored from its guest's template or from its own.
            World::Vm(vm) => vm.forget_place(TEMPLATE),
        }
        common
    }
}

#[cfg(test)]
mod tests;
