//! Where the restored VMs of a lab wait for each other, so that all run on at the same moment.

use crate::sync;
use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// How often who waits checks whether its lease is still wanted.
const TICK: Duration = Duration::from_millis(50);

/// A number of VMs that go on together or not at all.
#[derive(Debug)]
pub(super) struct Gathering {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    missing: usize,
    has_failed: bool,
}

impl Gathering {
    /// Returns a gathering of so many.
    pub(super) fn of(count: usize) -> Self {
        Self {
            state: Mutex::new(State {
                missing: count,
                has_failed: false,
            }),
            changed: Condvar::new(),
        }
    }

    /// Arrives, and waits until all have; returns `false` if one will not come or `is_wanted` says
    /// so.
    pub(super) fn join(&self, is_wanted: impl Fn() -> bool) -> bool {
        let mut state = sync::lock(&self.state);
        state.missing = state.missing.saturating_sub(1);
        self.changed.notify_all();
        while state.missing > 0 && !state.has_failed {
            if !is_wanted() {
                state.has_failed = true;
                self.changed.notify_all();
                break;
            }
            let waited = self.changed.wait_timeout(state, TICK);
            state = waited.unwrap_or_else(|poison| poison.into_inner()).0;
        }
        !state.has_failed
    }

    /// Says that one of them will not come.
    pub(super) fn fail(&self) {
        let mut state = sync::lock(&self.state);
        // Nobody waits any more for one that has arrived.
        state.has_failed |= state.missing > 0;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_go_on_when_the_last_has_arrived_and_none_if_one_fails_or_is_not_wanted() {
        for (last, goes_on) in [("joins", true), ("fails", false), ("is gone", false)] {
            let gathering = Gathering::of(3);
            std::thread::scope(|scope| {
                let wait = || scope.spawn(|| gathering.join(|| true));
                let waiting = [wait(), wait()];
                match last {
                    "joins" => assert!(gathering.join(|| true)),
                    "fails" => gathering.fail(),
                    _ => assert!(!Gathering::of(2).join(|| false)),
                }
                if last == "is gone" {
                    gathering.fail();
                }
                for thread in waiting {
                    assert_eq!(thread.join().unwrap(), goes_on, "{last}");
                }
            });
            gathering.fail();
        }
    }
}
