//! When enough is known of what comes in: as many as are expected, and then none for a while.

use std::time::{Duration, Instant};
use vm_test_protocol::tool::Ask;

/// A question whose answer waits until no more is expected.
#[derive(Debug)]
pub(super) struct Settling {
    least: u64,
    most: Option<u64>,
    /// Until when the least is awaited.
    until: Instant,
    quiet: Duration,
    /// How many there were at this moment, when it last changed.
    last: (u64, Instant),
}

impl Settling {
    /// Begins with the question, given how many there are.
    pub(super) fn begin(ask: &Ask, count: u64, now: Instant) -> Option<Self> {
        match *ask {
            Ask::SoFar | Ask::Fail { .. } => None,
            Ask::Settle {
                least,
                most,
                patience,
                quiet,
            } => Some(Self {
                least,
                most,
                until: now + patience,
                quiet,
                last: (count, now),
            }),
        }
    }

    /// Notes how many there are; returns how long to wait for another one, or `None` if it is over.
    pub(super) fn wait(&mut self, count: u64, now: Instant) -> Option<Duration> {
        if count != self.last.0 {
            self.last = (count, now);
        }
        let until = if count < self.least {
            self.until
        } else {
            // If any number is right from here on, there is nothing to wait for.
            let most = self.most?;
            if count > most {
                return None;
            }
            self.last.1 + self.quiet
        };
        until
            .checked_duration_since(now)
            .filter(|rest| !rest.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STEP: Duration = Duration::from_millis(10);

    fn settle(least: u64, most: Option<u64>) -> Ask {
        Ask::Settle {
            least,
            most,
            patience: STEP * 10,
            quiet: STEP * 2,
        }
    }

    fn begin(least: u64, most: Option<u64>, now: Instant) -> Settling {
        Settling::begin(&settle(least, most), 0, now).unwrap()
    }

    #[test]
    fn the_least_is_awaited_as_long_as_patience_lasts() {
        let now = Instant::now();
        let mut settling = begin(2, None, now);
        assert_eq!(settling.wait(0, now), Some(STEP * 10));
        assert_eq!(settling.wait(1, now + STEP * 9), Some(STEP));
        assert_eq!(settling.wait(1, now + STEP * 10), None);
        assert_eq!(begin(2, None, now).wait(2, now), None);
        assert!(Settling::begin(&Ask::SoFar, 0, now).is_none());
    }

    #[test]
    fn where_too_many_may_come_it_must_be_quiet_after_the_last_one() {
        let now = Instant::now();
        let mut settling = begin(1, Some(2), now);
        assert_eq!(settling.wait(1, now + STEP), Some(STEP * 2));
        assert_eq!(settling.wait(2, now + STEP * 2), Some(STEP * 2));
        assert_eq!(settling.wait(2, now + STEP * 3), Some(STEP));
        assert_eq!(settling.wait(2, now + STEP * 4), None);
        assert_eq!(settling.wait(3, now + STEP * 3), None, "that is too many");
        let mut none = begin(0, Some(0), now);
        assert_eq!(none.wait(0, now + STEP), Some(STEP));
        assert_eq!(none.wait(0, now + STEP * 2), None);
    }
}
