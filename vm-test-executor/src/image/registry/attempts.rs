//! How often something that a registry did not finish is tried again.
//!
//! Counts and waits; knows no requests.

use std::time::Duration;

/// The most failures in a row without progress.
const MOST: u32 = 5;

/// The wait after the first failure; it doubles with each.
const WAIT: Duration = Duration::from_millis(200);

/// What counts as progress, in bytes: a registry that sends single bytes must not be asked forever.
const PROGRESS: u64 = 1 << 20;

/// The failures so far.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: u32,
    furthest: u64,
}

impl Attempts {
    /// Counts a failure after this many bytes and waits; returns false if it was the last one.
    pub(super) fn again(&mut self, bytes: u64) -> bool {
        if bytes >= self.furthest.saturating_add(PROGRESS) {
            self.furthest = bytes;
            self.failures = 0;
        }
        self.failures += 1;
        if self.failures >= MOST {
            return false;
        }
        std::thread::sleep(WAIT * (1 << (self.failures - 1)));
        true
    }
}

/// The number of attempts without progress, for messages.
pub(super) const COUNT: u32 = MOST;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_progress_beyond_what_there_was_is_worth_more_attempts() {
        let mut attempts = Attempts::default();
        let mut count = 0;
        // Each attempt gets as far as the first one, from the beginning.
        while attempts.again(7 << 20) {
            count += 1;
        }
        assert_eq!(count, MOST - 1);
        let mut attempts = Attempts::default();
        for bytes in 1..u64::from(3 * MOST) {
            assert!(attempts.again(bytes << 20), "{bytes}");
        }
    }
}
