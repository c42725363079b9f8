//! How often a condition is looked at, and until when. Knows no condition.

use super::look::Look;
use std::thread;
use std::time::{Duration, Instant};

/// The first pause; every further one is twice as long.
const FIRST: Duration = Duration::from_millis(1);

/// The longest pause after a look that took less time than this.
const LONGEST: Duration = Duration::from_millis(50);

/// The time since a wait began.
pub(super) trait Clock {
    /// Returns the time that has passed.
    fn elapsed(&self) -> Duration;

    /// Lets time pass.
    fn sleep(&self, pause: Duration);
}

/// This system's clock.
pub(super) struct Monotonic {
    began: Instant,
}

impl Monotonic {
    /// Returns a clock that begins now.
    pub(super) fn start() -> Self {
        Self {
            began: Instant::now(),
        }
    }
}

impl Clock for Monotonic {
    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    fn sleep(&self, pause: Duration) {
        thread::sleep(pause);
    }
}

/// How a wait ended that did not see its condition.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unmet {
    /// What the last look showed.
    pub(super) last: String,
    /// What helps.
    pub(super) hint: Option<&'static str>,
    /// When that was.
    pub(super) elapsed: Duration,
    /// Whether waiting was given up before its time was over.
    pub(super) is_final: bool,
}

/// Looks again and again until the condition is met, cannot be met any more, or the time is over.
///
/// It looks at least once, and for the last time when the time is over.
pub(super) fn follow<T>(
    clock: &impl Clock,
    limit: Duration,
    mut look: impl FnMut() -> Look<T>,
) -> Result<T, Unmet> {
    let mut pause = FIRST;
    loop {
        let began = clock.elapsed();
        let seen = look();
        let elapsed = clock.elapsed();
        match seen {
            Look::Met(value) => return Ok(value),
            Look::Never { cause, hint } => {
                return Err(Unmet {
                    last: cause,
                    hint,
                    elapsed,
                    is_final: true,
                });
            }
            Look::NotYet(last) if elapsed >= limit => {
                return Err(Unmet {
                    last,
                    hint: None,
                    elapsed,
                    is_final: false,
                });
            }
            Look::NotYet(_) => {}
        }
        // At least half of the processor's time is left to what is waited for.
        let took = elapsed.saturating_sub(began);
        clock.sleep(pause.max(took).min(limit.saturating_sub(elapsed)));
        pause = (pause * 2).min(LONGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::{Cell, RefCell};

    /// A clock on which time passes only while somebody sleeps.
    #[derive(Default)]
    struct Scripted {
        now: Cell<Duration>,
        pauses: RefCell<Vec<Duration>>,
    }

    impl Scripted {
        fn pass(&self, time: Duration) {
            self.now.set(self.now.get() + time);
        }
    }

    impl Clock for Scripted {
        fn elapsed(&self) -> Duration {
            self.now.get()
        }

        fn sleep(&self, pause: Duration) {
            self.pauses.borrow_mut().push(pause);
            self.pass(pause);
        }
    }

    fn millis(count: u64) -> Duration {
        Duration::from_millis(count)
    }

    #[test]
    fn a_condition_that_is_met_at_once_costs_no_pause() {
        let clock = Scripted::default();
        let found = follow(&clock, Duration::ZERO, || Look::Met("value"));
        assert_eq!(found, Ok("value"));
        assert!(clock.pauses.borrow().is_empty());
    }

    #[test]
    fn a_condition_that_becomes_true_is_seen_soon_after() {
        let clock = Scripted::default();
        let met = millis(700);
        let look = || match clock.elapsed() {
            now if now >= met => Look::Met(now),
            now => Look::NotYet(format!("{now:?}")),
        };
        let seen = follow(&clock, millis(5000), look).unwrap();
        assert!(seen < met + LONGEST, "{seen:?}");
        let pauses = clock.pauses.borrow();
        let expected = [1, 2, 4, 8, 16, 32, 50, 50].map(millis);
        assert_eq!(pauses[..expected.len()], expected);
    }

    #[test]
    fn a_condition_that_is_never_met_ends_the_wait_at_its_limit_with_a_last_look() {
        for limit in [Duration::ZERO, millis(1), millis(99), millis(1000)] {
            let clock = Scripted::default();
            let mut looks = 0;
            let unmet = follow(&clock, limit, || {
                looks += 1;
                Look::<()>::NotYet(format!("look {looks}"))
            });
            let unmet = unmet.unwrap_err();
            assert_eq!(unmet.elapsed, limit);
            assert_eq!(unmet.last, format!("look {looks}"));
            assert!(!unmet.is_final);
            let slept: Duration = clock.pauses.borrow().iter().sum();
            assert_eq!(slept, limit, "it slept no longer than its limit");
        }
    }

    #[test]
    fn a_condition_that_cannot_be_met_any_more_ends_the_wait_at_once() {
        let clock = Scripted::default();
        let unmet = follow(&clock, millis(5000), || {
            if clock.elapsed().is_zero() {
                return Look::<()>::NotYet("starting".to_owned());
            }
            Look::Never {
                cause: "it has failed".to_owned(),
                hint: Some("look"),
            }
        });
        let expected = Unmet {
            last: "it has failed".to_owned(),
            hint: Some("look"),
            elapsed: FIRST,
            is_final: true,
        };
        assert_eq!(unmet, Err(expected));
    }

    #[test]
    fn a_look_that_takes_long_is_followed_by_as_long_a_pause() {
        let clock = Scripted::default();
        let unmet = follow(&clock, millis(1100), || {
            clock.pass(millis(200));
            Look::<()>::NotYet(String::new())
        });
        // The last pause is what was left, and the last look ends after the limit.
        assert_eq!(*clock.pauses.borrow(), [200, 200, 100].map(millis));
        assert_eq!(unmet.unwrap_err().elapsed, millis(1300));
    }

    #[test]
    fn a_limit_without_end_is_no_overflow() {
        let clock = Scripted::default();
        let look = || match clock.elapsed() {
            now if now > millis(10_000) => Look::Met(()),
            _ => Look::NotYet(String::new()),
        };
        assert_eq!(follow(&clock, Duration::MAX, look), Ok(()));
    }

    #[test]
    fn this_systems_clock_goes_on() {
        let clock = Monotonic::start();
        clock.sleep(millis(2));
        assert!(clock.elapsed() >= millis(2));
    }
}
