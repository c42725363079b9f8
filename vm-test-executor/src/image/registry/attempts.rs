//! How often something that a registry did not finish is tried again.
//!
//! Counts; knows no requests, and leaves the waiting to who asks.

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
    /// Counts a failure after this many bytes; returns how long to wait before the next attempt,
    /// `None` if there is none.
    pub(super) fn again(&mut self, bytes: u64) -> Option<Duration> {
        if bytes >= self.furthest.saturating_add(PROGRESS) {
            self.furthest = bytes;
            self.failures = 0;
        }
        self.failures += 1;
        (self.failures < MOST).then(|| WAIT * (1 << (self.failures - 1)))
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
        // Each attempt gets as far as the first one, from the beginning.
        let waits: Vec<_> = std::iter::from_fn(|| attempts.again(7 << 20)).collect();
        assert_eq!(waits, [200, 400, 800, 1600].map(Duration::from_millis));
        let mut attempts = Attempts::default();
        for bytes in 1..u64::from(3 * MOST) {
            assert_eq!(attempts.again(bytes << 20), Some(WAIT), "{bytes}");
        }
    }
}
