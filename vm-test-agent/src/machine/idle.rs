//! Waits until a VM is idle. Work that its init and services still do after they report that they
//! are up would otherwise be repeated in every restored VM, and their reaction to the new name,
//! time and files would compete with the test. Ends nothing.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

/// Sampling interval.
const INTERVAL: Duration = Duration::from_millis(2);

/// When a VM counts as idle.
#[derive(Clone, Copy, Debug)]
pub(super) struct IdleCheck {
    /// Consecutive idle samples required.
    samples: u32,
    /// How long to wait at most, for a VM in which something always runs.
    limit: Duration,
}

/// For a template: paid once, and saves every restored VM the leftover start-up work.
pub(super) const OF_TEMPLATE: IdleCheck = IdleCheck {
    samples: 150,
    limit: Duration::from_secs(5),
};

/// For a VM that waits for its lease: the lease may be waiting for it.
pub(super) const OF_INSTANCE: IdleCheck = IdleCheck {
    samples: 10,
    limit: Duration::from_millis(500),
};

impl IdleCheck {
    /// Waits until the VM is idle, or the limit has passed.
    pub(super) fn wait(self) {
        let deadline = Instant::now() + self.limit;
        let mut seen = 0;
        while seen < self.samples && Instant::now() < deadline {
            let Some(active) = active() else {
                // Without the kernel's answer there is nothing to wait for.
                return;
            };
            // One is this process.
            seen = if active <= 1 { seen + 1 } else { 0 };
            thread::sleep(INTERVAL);
        }
    }
}

/// Returns how many threads are runnable, if the kernel tells.
fn active() -> Option<u64> {
    active_in(&fs::read_to_string("/proc/loadavg").ok()?)
}

/// Returns the same from the text of `/proc/loadavg`.
fn active_in(text: &str) -> Option<u64> {
    let (active, _all) = text.split_whitespace().nth(3)?.split_once('/')?;
    active.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_many_are_active_stands_before_how_many_there_are() {
        assert_eq!(active_in("0.20 0.18 0.12 1/80 11206\n"), Some(1));
        assert_eq!(active_in("0.20 0.18 0.12\n"), None);
        assert_eq!(active_in("0.20 0.18 0.12 80 11206\n"), None);
        assert_eq!(active_in(""), None);
    }

    #[test]
    fn who_asks_is_active_itself() {
        assert!(active().is_some_and(|active| active >= 1));
    }

    #[test]
    fn the_wait_for_a_vm_that_is_never_idle_has_an_end() {
        let limit = Duration::from_millis(50);
        let began = Instant::now();
        let never = IdleCheck {
            samples: u32::MAX,
            limit,
        };
        never.wait();
        assert!(began.elapsed() >= limit);
    }
}
