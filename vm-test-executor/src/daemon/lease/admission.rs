//! How many instances may run at once. Counts reserved memory and processors, of this and of other
//! daemons; knows no instance.

use super::budget::{Budget, Promised};
use super::claims::{Claim, Claims};
use crate::sync;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use vm_test_protocol::failure::Failure;

/// Kept instances may use at most 1/`KEPT_SHARE` of the budget, so that tests can still run.
const KEPT_SHARE: u64 = 2;

/// Admits leases, first come first served.
#[derive(Clone, Debug)]
pub(crate) struct Admission {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    budget: Budget,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    promised: Promised,
    queue: VecDeque<u64>,
    tickets: u64,
}

/// The right to one instance; dropping it admits the next lease.
#[derive(Debug)]
pub(super) struct Admitted {
    shared: Arc<Shared>,
    memory: u64,
    /// Given back when the instance is kept, since no test runs in it then.
    cpus: AtomicU32,
    is_kept: AtomicBool,
}

impl Admission {
    /// Shares the budget with other daemons of this user.
    pub(crate) fn among(budget: Budget, claims: Claims) -> Self {
        let admission = Self::new(budget);
        admission.lock().promised = Promised::among(claims);
        admission
    }

    fn new(budget: Budget) -> Self {
        Self {
            shared: Arc::new(Shared {
                budget,
                state: Mutex::default(),
                changed: Condvar::new(),
            }),
        }
    }

    /// Withdraws from sharing the budget.
    pub(crate) fn leave(&self) {
        if let Some(mut claims) = self.lock().promised.claims.take() {
            claims.leave();
        }
    }

    /// Waits for room.
    ///
    /// Before it waits, and now and then while it waits, it calls `still_wanted` with the reason.
    ///
    /// # Errors
    /// If it would wait forever. Returns `None` if it is no longer wanted.
    pub(super) fn admit(
        &self,
        memory: u64,
        cpus: u32,
        mut still_wanted: impl FnMut(&str) -> bool,
    ) -> Result<Option<Admitted>, Failure> {
        self.check(memory, "memory")?;
        let budget = self.shared.budget;
        let cpus = cpus.min(budget.cpus);
        let mut state = self.lock();
        let ticket = state.tickets;
        state.tickets += 1;
        state.queue.push_back(ticket);
        let mut has_asked = false;
        loop {
            if state.queue.front() == Some(&ticket) && state.promised.claim(memory, cpus, budget) {
                break;
            }
            let ahead = state
                .queue
                .iter()
                .position(|&other| other == ticket)
                .unwrap_or(0);
            let reason = state.reason(budget, ahead);
            // Other daemons do not announce what they release.
            let wait = if state.promised.others == Claim::default() {
                std::time::Duration::from_millis(500)
            } else {
                std::time::Duration::from_millis(50)
            };
            // The callback may release room, so it is called before the first wait.
            if has_asked {
                let waited = self.shared.changed.wait_timeout(state, wait);
                (state, _) = waited.unwrap_or_else(|poison| poison.into_inner());
            }
            drop(state);
            has_asked = true;
            let is_wanted = still_wanted(&reason);
            state = self.lock();
            if !is_wanted {
                state.queue.retain(|&other| other != ticket);
                self.shared.changed.notify_all();
                return Ok(None);
            }
        }
        state.queue.pop_front();
        drop(state);
        self.shared.changed.notify_all();
        Ok(Some(Admitted {
            shared: Arc::clone(&self.shared),
            memory,
            cpus: AtomicU32::new(cpus),
            is_kept: AtomicBool::new(false),
        }))
    }

    /// Checks whether the host's whole budget would suffice; `what` says what the memory is for.
    ///
    /// # Errors
    /// If it would not.
    pub(super) fn check(&self, memory: u64, what: &str) -> Result<(), Failure> {
        let most = self.shared.budget.memory;
        if memory <= most {
            return Ok(());
        }
        Err(Failure::new(format!(
            "cannot give a guest {} MiB of {what}: this host has {} MiB for all guests",
            memory >> 20,
            most >> 20
        ))
        .hint("ask for less, or set VM_TEST_MEMORY_BUDGET (MiB) before the daemon starts"))
    }

    /// Reserves room for a spare, if no lease waits and half of the memory stays free.
    pub(super) fn admit_spare(&self, memory: u64, cpus: u32) -> Option<Admitted> {
        let budget = self.shared.budget;
        let mut state = self.lock();
        let half = Budget {
            memory: budget.memory / 2,
            ..budget
        };
        let is_plenty = state.queue.is_empty() && state.promised.claim(memory, cpus, half);
        is_plenty.then(|| Admitted {
            shared: Arc::clone(&self.shared),
            memory,
            cpus: AtomicU32::new(cpus),
            is_kept: AtomicBool::new(false),
        })
    }

    /// Reserves memory for what belongs to a lease that has been admitted, if it is there.
    pub(super) fn admit_now(&self, memory: u64) -> Option<Admitted> {
        let has_room = self.lock().promised.claim(memory, 0, self.shared.budget);
        has_room.then(|| Admitted {
            shared: Arc::clone(&self.shared),
            memory,
            cpus: AtomicU32::new(0),
            is_kept: AtomicBool::new(false),
        })
    }

    /// Makes every waiting lease check whether it is still wanted.
    pub(crate) fn wake(&self) {
        self.shared.changed.notify_all();
    }

    /// Returns whether such an instance would be admitted at once.
    #[cfg(test)]
    pub(super) fn has_room(&self, memory: u64, cpus: u32) -> bool {
        let budget = self.shared.budget;
        let mut state = self.lock();
        state.promised.look();
        state
            .promised
            .has_room(memory, cpus.min(budget.cpus), budget)
    }

    /// Returns the number of waiting leases, the promised memory, and the budget of memory.
    pub(crate) fn status(&self) -> (usize, u64, u64) {
        let state = self.lock();
        (
            state.queue.len(),
            state.promised.memory,
            self.shared.budget.memory,
        )
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl State {
    /// Describes why a lease waits that has this many ahead of it.
    fn reason(&self, budget: Budget, ahead: usize) -> String {
        let (promised, others) = (&self.promised, self.promised.others);
        let mut reason = format!(
            "{} of {} MiB and {} of {} processor shares are in use, {ahead} ahead in the queue",
            (promised.memory + others.memory) >> 20,
            budget.memory >> 20,
            promised.cpus + others.cpus,
            budget.cpus
        );
        if others != Claim::default() {
            reason += &format!(
                "; other daemons hold {} MiB and {} shares of that",
                others.memory >> 20,
                others.cpus
            );
        }
        if promised.kept + others.kept > 0 {
            reason += &format!(
                "; kept instances hold {} MiB, and `vm-test rm --all` ends them",
                (promised.kept + others.kept) >> 20
            );
        }
        reason
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.promised.memory -= self.memory;
        state.promised.cpus -= *self.cpus.get_mut();
        if *self.is_kept.get_mut() {
            state.promised.kept -= self.memory;
        }
        state.promised.publish();
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Admitted {
    /// Keeps the memory and gives the processors back, once for all nodes of a lab.
    ///
    /// # Errors
    /// If kept instances would then hold too much for tests to run: how much they hold, as text.
    pub(super) fn keep(&self) -> Result<(), String> {
        let mut state = self.shared.lock();
        if self.is_kept.load(Ordering::SeqCst) {
            return Ok(());
        }
        let most = self.shared.budget.memory / KEPT_SHARE;
        let cpus = self.cpus.load(Ordering::SeqCst);
        let settled = state.promised.keep(self.memory, cpus, most);
        settled.map_err(|kept| {
            format!(
                "kept instances hold {} MiB already, and may hold {} MiB",
                kept >> 20,
                most >> 20
            )
        })?;
        self.cpus.store(0, Ordering::SeqCst);
        self.is_kept.store(true, Ordering::SeqCst);
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }
}

#[cfg(test)]
mod tests;
