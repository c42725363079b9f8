//! The thread that checks a condition again and again until it is broken or the thread is told to
//! end. Knows neither guests nor tests.

use std::any::Any;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(50);

/// A thread that checks a condition.
pub(super) struct Monitor {
    shared: Arc<Shared>,
    thread: JoinHandle<Option<String>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    /// The condition is checked.
    #[default]
    Watched,
    /// It is checked once more.
    LastCheck,
    /// It is not checked any more.
    Over,
}

impl Monitor {
    /// Checks at once, and from then on until the end; calls `fail` with a message if the condition
    /// is broken before.
    ///
    /// # Errors
    /// If no thread can be started.
    pub(super) fn begin(
        name: String,
        mut check: impl FnMut() -> Result<(), String> + Send + 'static,
        fail: impl FnOnce(&str) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::<Shared>::default();
        let seen = Arc::clone(&shared);
        let watch = move || {
            let began = Instant::now();
            loop {
                // What is checked after the end was told is the last check.
                let state = *seen.lock();
                if state == State::Over {
                    return None;
                }
                if let Err(error) = holds(&mut check) {
                    let seconds = began.elapsed().as_secs_f64();
                    let message = format!(
                        "`{name}` did not hold {seconds:.1} s after it was first checked: {error}"
                    );
                    // Whoever ends it fails by itself.
                    if *seen.lock() == State::Watched {
                        fail(&message);
                    }
                    return Some(message);
                }
                if state == State::LastCheck {
                    return None;
                }
                seen.pause();
            }
        };
        let thread = thread::Builder::new().name("vm-test: always".to_owned());
        Ok(Self {
            thread: thread.spawn(watch)?,
            shared,
        })
    }

    /// Ends it, after one more check if that is wanted; returns the message if the condition is
    /// broken.
    pub(super) fn end(self, check: bool) -> Option<String> {
        *self.shared.lock() = if check { State::LastCheck } else { State::Over };
        self.shared.changed.notify_all();
        let ended = self.thread.join();
        ended.unwrap_or_else(|_| Some("the thread that checks panicked".to_owned()))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|lock| lock.into_inner())
    }

    /// Waits for the next check.
    fn pause(&self) {
        let watched = |state: &mut State| *state == State::Watched;
        drop(self.changed.wait_timeout_while(self.lock(), PAUSE, watched));
    }
}

/// Checks once. A closure that panics does not hold.
fn holds(check: &mut impl FnMut() -> Result<(), String>) -> Result<(), String> {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|payload| Err(words_of(payload.as_ref())))
}

fn words_of(payload: &(dyn Any + Send)) -> String {
    let words = payload.downcast_ref::<&str>().copied();
    let words = words.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    match words {
        Some(words) => format!("the closure panicked: {words}"),
        None => "the closure panicked".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::sync::mpsc::channel;

    const PATIENCE: Duration = Duration::from_secs(20);

    #[test]
    fn what_is_broken_is_told_at_once_while_nobody_asks() {
        let (broken, told) = (Arc::new(Mutex::new(None)), channel());
        let seen = Arc::clone(&broken);
        let check = move || match *seen.lock().unwrap() {
            Some(error) => Err(String::from(error)),
            None => Ok(()),
        };
        let (send, receive) = told;
        let fail = move |message: &str| send.send(message.to_owned()).unwrap();
        let monitor = Monitor::begin("order".to_owned(), check, fail).unwrap();
        assert!(receive.recv_timeout(3 * PAUSE).is_err());
        let began = Instant::now();
        *broken.lock().unwrap() = Some("chaos");
        let message = receive.recv_timeout(PATIENCE).unwrap();
        assert!(began.elapsed() < Duration::from_secs(1), "{began:?}");
        assert!(message.starts_with("`order` did not hold 0."), "{message}");
        assert!(message.ends_with(": chaos"), "{message}");
        // It stays broken for whoever ends it, whatever has become of it since.
        *broken.lock().unwrap() = None;
        assert_eq!(monitor.end(true), Some(message));
    }

    #[test]
    fn a_monitor_that_is_ended_checks_once_more_and_leaves_the_failure_to_its_owner() {
        let looks = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&looks);
        let check = move || match count.fetch_add(1, Ordering::SeqCst) {
            0 => Ok(()),
            look => Err(look.to_string()),
        };
        let (send, receive) = channel();
        let wait = Arc::clone(&looks);
        let fail = move |message: &str| send.send(message.to_owned()).unwrap();
        let monitor = Monitor::begin("order".to_owned(), check, fail).unwrap();
        while wait.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        let message = monitor.end(true).unwrap();
        assert!(message.ends_with(": 1"), "{message}");
        // The second check may have come before the end.
        assert!(receive.try_iter().all(|told| told == message));
    }

    #[test]
    fn a_closure_that_panics_is_broken_and_one_that_is_not_wanted_is_not_called() {
        let fail = |_: &str| {};
        let monitor = Monitor::begin("order".to_owned(), || panic!("no {}", 7), fail).unwrap();
        let message = monitor.end(true).unwrap();
        assert!(message.ends_with("the closure panicked: no 7"), "{message}");
        let looks = Arc::new(AtomicU32::new(0));
        let count = Arc::clone(&looks);
        let check = move || {
            count.fetch_add(1, Ordering::SeqCst);
            Ok(())
        };
        let monitor = Monitor::begin("order".to_owned(), check, fail).unwrap();
        while looks.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        assert_eq!(monitor.end(false), None);
    }
}
