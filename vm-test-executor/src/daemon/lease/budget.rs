//! The memory and processors for all instances, and how much of them this and the user's other
//! daemons have reserved.

use super::super::environment;
use super::claims::{Claim, Claims};
use crate::host::processors::processors;
use vm_test_runtime::variables::{CPU_BUDGET, MEMORY_BUDGET};

/// Instances per processor of the host: most tests wait more than they compute.
const PER_CPU: u32 = 4;

/// What may be promised in total.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Memory in bytes.
    pub memory: u64,
    /// Processor shares: one for each processor that an instance asks for.
    pub cpus: u32,
}

impl Budget {
    /// Returns the budget of this host: four fifths of its memory, four instances per processor.
    ///
    /// `VM_TEST_MEMORY_BUDGET` and `VM_TEST_CPU_BUDGET` override this.
    #[must_use]
    pub fn of_host() -> Self {
        Self {
            memory: environment::bytes(MEMORY_BUDGET).unwrap_or_else(|| host_memory() / 5 * 4),
            cpus: environment::shares(CPU_BUDGET)
                .unwrap_or_else(|| u32::try_from(processors()).unwrap_or(1) * PER_CPU),
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

/// What is promised to instances.
#[derive(Debug, Default)]
pub(super) struct Promised {
    pub(super) memory: u64,
    pub(super) cpus: u32,
    /// The part of the memory that kept instances hold.
    pub(super) kept: u64,
    /// What other daemons held when last checked.
    pub(super) others: Claim,
    /// Where other daemons' shares are recorded.
    pub(super) claims: Option<Claims>,
}

impl Promised {
    /// Returns an empty promise, shared with other daemons.
    pub(super) fn among(claims: Claims) -> Self {
        Self {
            claims: Some(claims),
            ..Self::default()
        }
    }

    /// Returns whether this much more fits.
    pub(super) fn has_room(&self, memory: u64, cpus: u32, budget: Budget) -> bool {
        let fits = self
            .memory
            .saturating_add(self.others.memory)
            .saturating_add(memory);
        let shares = self
            .cpus
            .saturating_add(self.others.cpus)
            .saturating_add(cpus);
        fits <= budget.memory && shares <= budget.cpus
    }

    /// Takes this much if it fits; returns whether it does.
    pub(super) fn claim(&mut self, memory: u64, cpus: u32, budget: Budget) -> bool {
        let mut fits = None;
        self.settle(|it| {
            let has_room = it.has_room(memory, cpus, budget);
            if has_room {
                it.memory += memory;
                it.cpus += cpus;
            }
            fits = Some(has_room);
            has_room
        });
        fits == Some(true)
    }

    /// Counts promised memory as kept and gives its processors back, unless more than `most` would
    /// be kept.
    ///
    /// # Errors
    /// How much is kept already.
    pub(super) fn keep(&mut self, memory: u64, cpus: u32, most: u64) -> Result<(), u64> {
        let (mut kept, mut fits) = (0, false);
        self.settle(|it| {
            kept = it.kept.saturating_add(it.others.kept);
            fits = kept.saturating_add(memory) <= most;
            if fits {
                it.kept += memory;
                it.cpus -= cpus;
            }
            fits
        });
        if fits { Ok(()) } else { Err(kept) }
    }

    /// Updates what the others hold.
    #[cfg(test)]
    pub(super) fn look(&mut self) {
        self.settle(|_| false);
    }

    /// Lets `decide` decide with what the others hold, and records the result if it says that
    /// something changed.
    fn settle(&mut self, decide: impl FnOnce(&mut Self) -> bool) {
        let Some(mut claims) = self.claims.take() else {
            decide(self);
            return;
        };
        let mut decide = Some(decide);
        let settled = claims.settle(|others| {
            self.others = others;
            let changed = decide.take().is_some_and(|decide| decide(self));
            changed.then(|| self.own())
        });
        if let Err(error) = settled {
            // Too many guests are better than none.
            eprintln!("vm-test: cannot share the budget with other daemons: {error}");
            self.others = Claim::default();
            if let Some(decide) = decide {
                decide(self);
            }
        }
        self.claims = Some(claims);
    }

    fn own(&self) -> Claim {
        Claim {
            memory: self.memory,
            cpus: self.cpus,
            kept: self.kept,
        }
    }

    /// Tells the others that this daemon holds less.
    pub(super) fn publish(&mut self) {
        let own = self.own();
        if let Some(Err(error)) = self.claims.as_mut().map(|claims| claims.give_back(own)) {
            eprintln!("vm-test: cannot share the budget with other daemons: {error}");
        }
    }
}
