//! The turns of a part of a task that is woken for much else: it is polled when it was woken itself.
//! It knows nothing of what the part does.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Runs `part`, and polls it only when it was woken, not whenever the task is.
///
/// For a part that hardly ever has anything to do, in a task that is busy.
pub(super) async fn when_woken<F: Future>(part: F) -> F::Output {
    let mut part = pin!(part);
    let bell = Arc::new(Bell {
        has_rung: AtomicBool::new(true),
        task: Mutex::new(Waker::noop().clone()),
    });
    let waker = Waker::from(Arc::clone(&bell));
    poll_fn(|context| {
        bell.wakes(context.waker());
        if bell.has_rung.swap(false, Ordering::AcqRel) {
            part.as_mut().poll(&mut Context::from_waker(&waker))
        } else {
            Poll::Pending
        }
    })
    .await
}

/// What wakes a part of a task: it notes that it was this part, and wakes the task.
struct Bell {
    has_rung: AtomicBool,
    task: Mutex<Waker>,
}

impl Bell {
    /// Wakes this task from now on.
    fn wakes(&self, task: &Waker) {
        let mut current = self.locked_task();
        if !current.will_wake(task) {
            current.clone_from(task);
        }
    }

    fn locked_task(&self) -> MutexGuard<'_, Waker> {
        self.task.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // The order matters: the task looks for this once it is woken.
        self.has_rung.store(true, Ordering::Release);
        let task = self.locked_task().clone();
        task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::time::Duration;

    use tokio::sync::Notify;
    use tokio::time::sleep;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_part_is_polled_when_it_was_woken_and_not_when_the_rest_was() {
        let polls = Cell::new(0);
        let wanted = Notify::new();
        let part = async {
            let mut notified = pin!(wanted.notified());
            poll_fn(|context| {
                polls.set(polls.get() + 1);
                notified.as_mut().poll(context)
            })
            .await;
        };
        let rest = async {
            for _ in 0..10 {
                sleep(Duration::from_millis(1)).await;
            }
            assert_eq!(polls.get(), 1);
            wanted.notify_one();
        };
        tokio::join!(when_woken(part), rest);
        assert_eq!(polls.get(), 2);
    }

    #[tokio::test]
    async fn a_part_that_moves_to_another_task_wakes_that_one() {
        let wanted = Arc::new(Notify::new());
        let of_part = Arc::clone(&wanted);
        let mut part = Box::pin(when_woken(async move { of_part.notified().await }));
        // Polled here once, and there from then on.
        let first = poll_fn(|context| Poll::Ready(part.as_mut().poll(context))).await;
        assert!(first.is_pending());
        let task = tokio::spawn(part);
        tokio::task::yield_now().await;
        wanted.notify_one();
        task.await.unwrap();
    }
}
