//! Whether a daemon that is about to end still accepts connections: counts those being served, and
//! closes for good.

use crate::sync;
use std::sync::{Mutex, MutexGuard};

/// Counts connections until it is closed.
#[derive(Debug, Default)]
pub(super) struct Gate {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    served: usize,
    is_closed: bool,
}

/// A connection that is being served. It is counted even if its thread panics.
#[derive(Debug)]
pub(super) struct Served<'a>(&'a Gate);

impl Gate {
    /// Admits a connection, unless the gate is closed.
    pub(super) fn enter(&self) -> Option<Served<'_>> {
        let mut state = self.lock();
        if state.is_closed {
            return None;
        }
        state.served += 1;
        Some(Served(self))
    }

    /// Admits no more connections.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
    }

    /// Closes the gate if no connection is being served; returns whether it is closed.
    pub(super) fn close_if_idle(&self) -> bool {
        let mut state = self.lock();
        state.is_closed |= state.served == 0;
        state.is_closed
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Returns whether a connection is being served.
    pub(super) fn is_busy(&self) -> bool {
        self.lock().served > 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        sync::lock(&self.state)
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        self.0.lock().served -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_closes_for_idleness_only_when_nobody_is_in_and_then_lets_nobody_in() {
        let gate = Gate::default();
        let served = gate.enter().unwrap();
        assert!(gate.is_busy() && !gate.close_if_idle());
        let _other = gate.enter().unwrap();
        drop(served);
        assert!(!gate.close_if_idle());
        gate.close();
        assert!(gate.is_closed() && gate.is_busy());
        assert!(gate.enter().is_none());
        let idle = Gate::default();
        drop(idle.enter());
        assert!(idle.close_if_idle() && idle.enter().is_none() && !idle.is_busy());
    }
}
