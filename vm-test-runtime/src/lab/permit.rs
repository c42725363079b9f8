//! How many futures may have something run on nodes at the same time: the others wait for their
//! turn. Knows neither nodes nor questions.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard};
use std::task::{Poll, Waker};

/// Half of the tasks that a test may have; the others are those that it holds itself.
const MOST: usize = 32;

/// The permits of this process.
static PERMITS: Permits = Permits::new(MOST);

/// A number of permits.
#[derive(Debug)]
struct Permits {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    left: usize,
    waiting: Vec<Waker>,
}

/// Allows one future to run something, until it is dropped.
#[derive(Debug)]
struct Permit {
    of: &'static Permits,
}

/// Returns the future that does this once not too many others do something.
pub(super) async fn permitted<F: Future>(future: F) -> F::Output {
    let permit = PERMITS.one().await;
    let output = future.await;
    drop(permit);
    output
}

impl Permits {
    const fn new(left: usize) -> Self {
        let waiting = Vec::new();
        Self {
            state: Mutex::new(State { left, waiting }),
        }
    }

    /// Waits for a permit.
    async fn one(&'static self) -> Permit {
        poll_fn(|context| {
            let mut state = self.lock();
            if state.left == 0 {
                state.waiting.push(context.waker().clone());
                return Poll::Pending;
            }
            state.left -= 1;
            Poll::Ready(Permit { of: self })
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|lock| lock.into_inner())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.of.lock();
        state.left += 1;
        // All of them look: one that is woken may have been dropped.
        let waiting = std::mem::take(&mut state.waiting);
        drop(state);
        waiting.into_iter().for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests {
    use super::super::patience::wait_for;
    use super::*;
    use std::pin::pin;
    use std::task::Context;
    use std::time::Duration;

    #[test]
    fn who_comes_too_late_waits_until_a_permit_is_dropped_also_behind_one_who_has_gone() {
        static TWO: Permits = Permits::new(2);
        let patience = Duration::from_secs(20);
        let one = || wait_for(TWO.one(), patience).unwrap();
        let (first, second) = (one(), one());
        let mut context = Context::from_waker(Waker::noop());
        // It waits, and goes.
        assert!(pin!(TWO.one()).poll(&mut context).is_pending());
        let waiting = std::thread::spawn(move || wait_for(TWO.one(), patience).is_some());
        while TWO.lock().waiting.len() < 2 {
            std::thread::yield_now();
        }
        drop(first);
        assert!(waiting.join().unwrap());
        drop(second);
        assert_eq!(TWO.lock().left, 2);
    }
}
