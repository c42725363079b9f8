//! The wait of a thread for a future, for a limited time. Knows no question.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future, at most this long, and returns its output; drops it afterwards.
pub(super) fn wait_for<F: Future>(future: F, limit: Duration) -> Option<F::Output> {
    let began = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return Some(output);
        }
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return None;
        }
        thread::park_timeout(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future;

    #[test]
    fn a_future_that_is_ready_later_is_waited_for_and_one_that_never_is_ends_in_time() {
        let begin = Instant::now();
        let mut polls = 0;
        let later = future::poll_fn(|context| {
            polls += 1;
            if begin.elapsed() >= Duration::from_millis(20) {
                return Poll::Ready("value");
            }
            let waker = context.waker().clone();
            thread::spawn(move || {
                thread::sleep(Duration::from_millis(25));
                waker.wake();
            });
            Poll::Pending
        });
        assert_eq!(wait_for(later, Duration::MAX), Some("value"));
        assert_eq!(polls, 2);
        let never = future::pending::<()>();
        assert_eq!(wait_for(never, Duration::from_millis(5)), None);
    }
}
