//! How long something is kept: until its time is up, which starts again when its last visitor has
//! left. Knows nothing of what is kept.

use crate::sync;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vm_test_protocol::status::KeptStatus;

/// The time of one instance that is kept, or of all nodes of a lab together.
#[derive(Debug)]
pub(super) struct Term {
    stays: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    until: Instant,
    visitors: usize,
}

impl Term {
    /// Returns a term that begins now.
    pub(super) fn of(stays: Duration) -> Self {
        let state = State {
            until: Instant::now() + stays,
            visitors: 0,
        };
        Self {
            stays,
            state: Mutex::new(state),
        }
    }

    /// Returns how long it is after a visit.
    pub(super) fn stays(&self) -> Duration {
        self.stays
    }

    /// Returns how much of it is left; `None` while there is a visitor.
    pub(super) fn left(&self) -> Option<Duration> {
        let state = self.lock();
        let left = || state.until.saturating_duration_since(Instant::now());
        (state.visitors == 0).then(left)
    }

    /// Begins a visit.
    pub(super) fn enter(&self) {
        self.lock().visitors += 1;
    }

    /// Ends a visit.
    pub(super) fn leave(&self) {
        let mut state = self.lock();
        state.visitors -= 1;
        state.until = Instant::now() + self.stays;
    }

    pub(super) fn status(&self) -> KeptStatus {
        let left = self.left();
        KeptStatus {
            expires_in: left.unwrap_or(self.stays),
            attached: left.is_none(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_starts_again_when_the_last_visitor_has_left() {
        let term = Term::of(Duration::from_secs(600));
        term.enter();
        term.enter();
        term.lock().until = Instant::now();
        assert_eq!(term.left(), None);
        term.leave();
        assert!(term.status().attached);
        term.lock().until = Instant::now();
        term.leave();
        let status = term.status();
        assert!(!status.attached && status.expires_in > Duration::from_secs(590));
        term.lock().until = Instant::now();
        assert_eq!(term.left(), Some(Duration::ZERO));
    }
}
