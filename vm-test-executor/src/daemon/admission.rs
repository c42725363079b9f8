//! How many instances may be alive at once. Counts promised memory and processors; knows no instance.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use vm_test::protocol::failure::Failure;

/// Instances per processor of the host: most tests wait more than they compute.
const PER_CPU: u32 = 4;

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
        let number = |name: &str| std::env::var(name).ok()?.parse::<u64>().ok();
        let cpus = std::thread::available_parallelism().map_or(1, |count| count.get());
        Self {
            memory: number("VM_TEST_MEMORY_BUDGET")
                .map_or_else(|| host_memory() / 5 * 4, |mib| mib << 20),
            cpus: number("VM_TEST_CPU_BUDGET")
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or_else(|| u32::try_from(cpus).unwrap_or(1) * PER_CPU),
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
    queue: VecDeque<u64>,
    tickets: u64,
}

/// The right to one instance; dropping it lets the next one in.
#[derive(Debug)]
pub(super) struct Admitted {
    shared: Arc<Shared>,
    memory: u64,
    cpus: u32,
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
        let budget = self.shared.budget;
        if memory > budget.memory {
            return Err(Failure::new(format!(
                "cannot give a guest {} MiB of memory: this host has {} MiB for all guests",
                memory >> 20,
                budget.memory >> 20
            ))
            .hint("ask for less, or set VM_TEST_MEMORY_BUDGET (MiB) before the daemon starts"));
        }
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
            let reason = format!(
                "{} of {} MiB and {} of {} processor shares are in use, {ahead} ahead in the queue",
                state.memory >> 20,
                budget.memory >> 20,
                state.cpus,
                budget.cpus
            );
            let (guard, _) = self
                .shared
                .changed
                .wait_timeout(state, std::time::Duration::from_millis(500))
                .unwrap_or_else(|poison| poison.into_inner());
            state = guard;
            if !still_wanted(&reason) {
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
            cpus,
        }))
    }

    /// Leases that wait, memory that is promised, memory that may be.
    pub(super) fn status(&self) -> (usize, u64, u64) {
        let state = self.lock();
        (state.queue.len(), state.memory, self.shared.budget.memory)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared
            .state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
    }
}

impl Drop for Admitted {
    fn drop(&mut self) {
        let mut state = self
            .shared
            .state
            .lock()
            .unwrap_or_else(|poison| poison.into_inner());
        state.memory -= self.memory;
        state.cpus -= self.cpus;
        drop(state);
        self.shared.changed.notify_all();
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
