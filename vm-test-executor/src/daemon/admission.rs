//! How many instances may be alive at once. Counts promised memory and processors; knows no instance.

use super::environment::number;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use vm_test::protocol::failure::Failure;
use vm_test::variables::{CPU_BUDGET, MEMORY_BUDGET};

/// Instances per processor of the host: most tests wait more than they compute.
const PER_CPU: u32 = 4;

/// Kept instances hold at most one such part of the memory, so that tests go on.
const KEPT_SHARE: u64 = 2;

/// What may be promised in all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Memory in bytes.
    pub memory: u64,
    /// Processors, counted once per instance and processor it asks for.
    pub cpus: u32,
}

impl Budget {
    /// Of this host: four fifths of its memory, four instances per processor. `VM_TEST_MEMORY_BUDGET` (MiB) and
    /// `VM_TEST_CPU_BUDGET` decide otherwise.
    #[must_use]
    pub fn of_host() -> Self {
        let cpus = std::thread::available_parallelism().map_or(1, |count| count.get());
        Self {
            memory: number(MEMORY_BUDGET)
                .map_or_else(|| host_memory() / 5 * 4, |mib| u64::from(mib) << 20),
            cpus: number(CPU_BUDGET).unwrap_or_else(|| u32::try_from(cpus).unwrap_or(1) * PER_CPU),
        }
    }
}

fn host_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let total = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.trim().strip_suffix("kB"))
        .and_then(|kib| kib.trim().parse::<u64>().ok());
    total.unwrap_or(1 << 20) << 10
}

/// Lets leases in, first come first served.
#[derive(Clone, Debug)]
pub(super) struct Admission {
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
    memory: u64,
    cpus: u32,
    /// What of the memory instances hold that are kept.
    kept: u64,
    queue: VecDeque<u64>,
    tickets: u64,
}

/// The right to one instance; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Admitted {
    shared: Arc<Shared>,
    memory: u64,
    /// Given back when the instance is kept, for then no test runs in it.
    cpus: AtomicU32,
    is_kept: AtomicBool,
}

impl Admission {
    pub(super) fn new(budget: Budget) -> Self {
        Self {
            shared: Arc::new(Shared {
                budget,
                state: Mutex::default(),
                changed: Condvar::new(),
            }),
        }
    }

    /// Waits for room. While it has to wait it asks `still_wanted` now and then, with the reason of the wait.
    ///
    /// # Errors
    /// If it would wait for ever, or is not wanted any more (`None`).
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
        loop {
            let room = state.memory + memory <= budget.memory && state.cpus + cpus <= budget.cpus;
            if room && state.queue.front() == Some(&ticket) {
                break;
            }
            let ahead = state
                .queue
                .iter()
                .position(|&other| other == ticket)
                .unwrap_or(0);
            let mut reason = format!(
                "{} of {} MiB and {} of {} processor shares are in use, {ahead} ahead in the queue",
                state.memory >> 20,
                budget.memory >> 20,
                state.cpus,
                budget.cpus
            );
            if state.kept > 0 {
                reason += &format!(
                    "; kept instances hold {} MiB, and `vm-test rm --all` ends them",
                    state.kept >> 20
                );
            }
            let (guard, _) = self
                .shared
                .changed
                .wait_timeout(state, std::time::Duration::from_millis(500))
                .unwrap_or_else(|poison| poison.into_inner());
            // Whoever is asked may give room back.
            drop(guard);
            let is_wanted = still_wanted(&reason);
            state = self.lock();
            if !is_wanted {
                state.queue.retain(|&other| other != ticket);
                self.shared.changed.notify_all();
                return Ok(None);
            }
        }
        state.queue.pop_front();
        state.memory += memory;
        state.cpus += cpus;
        drop(state);
        self.shared.changed.notify_all();
        Ok(Some(Admitted {
            shared: Arc::clone(&self.shared),
            memory,
            cpus: AtomicU32::new(cpus),
            is_kept: AtomicBool::new(false),
        }))
    }

    /// Whether the host has so much at all; `what` says what it is for.
    ///
    /// # Errors
    /// If it has not.
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

    /// Room for an instance that nobody has asked for yet, if there is plenty: nobody waits, and half of the memory stays.
    pub(super) fn admit_spare(&self, memory: u64, cpus: u32) -> Option<Admitted> {
        let budget = self.shared.budget;
        let mut state = self.lock();
        let is_plenty = state.queue.is_empty()
            && state.memory + memory <= budget.memory / 2
            && state.cpus + cpus <= budget.cpus;
        is_plenty.then(|| {
            state.memory += memory;
            state.cpus += cpus;
            Admitted {
                shared: Arc::clone(&self.shared),
                memory,
                cpus: AtomicU32::new(cpus),
                is_kept: AtomicBool::new(false),
            }
        })
    }

    /// Whether such an instance would be let in at once.
    pub(super) fn has_room(&self, memory: u64, cpus: u32) -> bool {
        let budget = self.shared.budget;
        let state = self.lock();
        state.memory + memory <= budget.memory && state.cpus + cpus.min(budget.cpus) <= budget.cpus
    }

    /// Leases that wait, memory that is promised, memory that may be.
    pub(super) fn status(&self) -> (usize, u64, u64) {
        let state = self.lock();
        (state.queue.len(), state.memory, self.shared.budget.memory)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.memory -= self.memory;
        state.cpus -= *self.cpus.get_mut();
        if *self.is_kept.get_mut() {
            state.kept -= self.memory;
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Admitted {
    /// Keeps the memory and gives the processors back.
    ///
    /// # Errors
    /// If kept instances would then hold so much that the tests behind them wait: how much, in words.
    pub(super) fn keep(&self) -> Result<(), String> {
        let mut state = self.shared.lock();
        let most = self.shared.budget.memory / KEPT_SHARE;
        if state.kept + self.memory > most {
            return Err(format!(
                "kept instances hold {} MiB already, and may hold {} MiB",
                state.kept >> 20,
                most >> 20
            ));
        }
        state.kept += self.memory;
        state.cpus -= self.cpus.swap(0, Ordering::SeqCst);
        self.is_kept.store(true, Ordering::SeqCst);
        drop(state);
        self.shared.changed.notify_all();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_waits_until_another_one_ends_and_one_that_gave_up_blocks_nobody() {
        let admission = Admission::new(Budget {
            memory: 100 << 20,
            cpus: 8,
        });
        let first = admission.admit(60 << 20, 1, |_| true).unwrap().unwrap();
        assert!(admission.admit(60 << 20, 1, |_| false).unwrap().is_none());
        let other = admission.clone();
        let second =
            std::thread::spawn(move || other.admit(60 << 20, 1, |_| true).unwrap().unwrap());
        drop(first);
        assert_eq!(second.join().unwrap().memory, 60 << 20);
        assert_eq!(admission.status().1, 0);
    }

    #[test]
    fn a_lease_that_waits_may_itself_have_room_given_back() {
        let admission = Admission::new(Budget {
            memory: 100 << 20,
            cpus: 8,
        });
        let mut spare = admission.admit_spare(40 << 20, 1);
        assert!(spare.is_some());
        let admitted = admission.admit(80 << 20, 1, |_| {
            spare = None;
            true
        });
        assert!(admitted.unwrap().is_some());
    }

    #[test]
    fn kept_instances_hold_memory_and_never_so_much_that_tests_cannot_go_on() {
        let admission = Admission::new(Budget {
            memory: 100 << 20,
            cpus: 2,
        });
        let first = admission.admit(40 << 20, 1, |_| true).unwrap().unwrap();
        let second = admission.admit(40 << 20, 1, |_| true).unwrap().unwrap();
        first.keep().unwrap();
        assert_eq!(
            second.keep().unwrap_err(),
            "kept instances hold 40 MiB already, and may hold 50 MiB"
        );
        drop(second);
        let mut reasons = Vec::new();
        let refused = admission.admit(61 << 20, 2, |reason| {
            reasons.push(reason.to_owned());
            false
        });
        assert!(refused.unwrap().is_none());
        assert_eq!(
            reasons,
            [
                "40 of 100 MiB and 0 of 2 processor shares are in use, 0 ahead in the queue; kept instances hold 40 MiB, and `vm-test rm --all` ends them"
            ]
        );
        drop(first);
        assert_eq!(admission.status().1, 0);
        assert_eq!(admission.lock().kept, 0);
    }

    #[test]
    fn more_than_the_host_has_is_refused_at_once() {
        let admission = Admission::new(Budget {
            memory: 100 << 20,
            cpus: 8,
        });
        let error = admission.admit(101 << 20, 1, |_| true).unwrap_err();
        assert_eq!(
            error.message,
            "cannot give a guest 101 MiB of memory: this host has 100 MiB for all guests"
        );
    }
}
