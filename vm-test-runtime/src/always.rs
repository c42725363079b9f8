//! What must hold as long as a guard lives: a thread of the body's process checks it, and ends the
//! test once it is broken. Knows no condition.

mod monitor;

use crate::here::Here;
#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
use crate::lab::Lab;
use monitor::Monitor;
use std::fmt::{self, Display};
use std::panic::Location;

/// What a closure may return that [`Here::always`] or `Lab::always` calls.
///
/// `true`, `()` and `Ok` of them say that it holds, `false` and `Err` that it does not. A closure
/// that panics says the same, so that it may consist of assertions.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say whether the condition holds",
    label = "this is neither yes nor no",
    note = "return `bool`, `()`, or one of them in a `Result` whose error is `Display`"
)]
pub trait Holds {
    /// Returns what is broken, if it is.
    ///
    /// # Errors
    /// If the condition does not hold; the text says what was found.
    fn holds(self) -> Result<(), String>;
}

impl Holds for () {
    fn holds(self) -> Result<(), String> {
        Ok(())
    }
}

impl Holds for bool {
    fn holds(self) -> Result<(), String> {
        self.then_some(())
            .ok_or_else(|| "the closure returned false".to_owned())
    }
}

impl<H: Holds, E: Display> Holds for Result<H, E> {
    fn holds(self) -> Result<(), String> {
        match self {
            Ok(value) => value.holds(),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// A condition that must hold as long as this lives; see [`Here::always`].
///
/// When it is dropped, the condition is checked for the last time, unless the body panics.
#[must_use = "the condition is checked only as long as this lives"]
pub struct Always {
    /// Present until it is ended.
    monitor: Option<Monitor>,
}

impl Here {
    /// Checks from now on, about twenty times a second, that a condition holds, and fails the test
    /// within a second of its being broken, whatever the body is doing then.
    ///
    /// The closure is called on a thread of its own, for the first time at once. It returns `bool`,
    /// `()` or a `Result`, see [`Holds`], and must return by itself. If it is broken, the test ends
    /// like a body that panics where `always` is called; the message has the name of the condition,
    /// the time since the guard began, and what the closure said. The rest of the body does not run
    /// any more, destructors included.
    ///
    /// In a process that reports to no agent, as under `vm-test runner`, the test fails where the
    /// guard ends.
    ///
    /// ```no_run
    /// # mod vm_test { pub use vm_test_runtime::here::here; }
    /// use std::net::TcpStream;
    ///
    /// let answers = || TcpStream::connect("127.0.0.1:80").map(drop);
    /// let guard = vm_test::here().always("the server answers", answers);
    /// // What must not disturb the server is here.
    /// guard.check();
    /// ```
    #[track_caller]
    pub fn always<H, F>(self, name: impl Into<String>, check: F) -> Always
    where
        H: Holds,
        F: FnMut() -> H + Send + 'static,
    {
        Always::begin(name.into(), check)
    }
}

#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
impl Lab {
    /// Checks from now on, about twenty times a second, that a condition holds, and fails the test
    /// within a second of its being broken, whatever the body is doing then; see [`Here::always`].
    ///
    /// The closure is called in the body's process, where it may use all nodes. A check that calls a
    /// node takes as long as the call.
    ///
    /// ```no_run
    /// let lab = vm_test_runtime::lab();
    /// let gw = lab.node("gw");
    /// let forwards = move || gw.try_call(|(): ()| std::fs::exists("/run/forwarding").ok(), ())
    ///     .map(|there| there == Some(true));
    /// let guard = lab.always("the gateway forwards", forwards);
    /// // What must not disturb the gateway is here.
    /// guard.check();
    /// ```
    #[track_caller]
    pub fn always<H, F>(&self, name: impl Into<String>, check: F) -> Always
    where
        H: Holds,
        F: FnMut() -> H + Send + 'static,
    {
        Always::begin(name.into(), check)
    }
}

impl Always {
    #[track_caller]
    fn begin<H, F>(name: String, mut check: F) -> Self
    where
        H: Holds,
        F: FnMut() -> H + Send + 'static,
    {
        let location = Location::caller();
        let fail = move |message: &str| end_test(message, location);
        match Monitor::begin(name, move || check().holds(), fail) {
            Ok(monitor) => Self {
                monitor: Some(monitor),
            },
            Err(error) => panic!("cannot start a thread: {error}"),
        }
    }

    /// Ends the guard, after one more check.
    ///
    /// # Panics
    /// If the condition does not hold.
    #[track_caller]
    pub fn check(mut self) {
        if let Some(message) = self.monitor.take().and_then(|monitor| monitor.end(true)) {
            panic!("{message}");
        }
    }
}

impl Drop for Always {
    #[track_caller]
    fn drop(&mut self) {
        let Some(monitor) = self.monitor.take() else {
            return;
        };
        let fails_already = std::thread::panicking();
        let broken = monitor.end(!fails_already);
        if let Some(message) = broken.filter(|_| !fails_already) {
            panic!("{message}");
        }
    }
}

impl fmt::Debug for Always {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.debug_struct("Always").finish_non_exhaustive()
    }
}

#[cfg(all(target_os = "linux", not(vm_test_pretend_other_host)))]
fn end_test(message: &str, location: &Location<'_>) {
    crate::guest::fail("always", message, location);
}

/// Ends nothing: where there are no guests, no body runs.
#[cfg(any(not(target_os = "linux"), vm_test_pretend_other_host))]
fn end_test(_message: &str, _location: &Location<'_>) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closure_says_that_it_holds_or_what_is_broken() {
        assert_eq!(().holds(), Ok(()));
        assert_eq!(true.holds(), Ok(()));
        let words = Err("the closure returned false".to_owned());
        assert_eq!(false.holds(), words);
        assert_eq!(Ok::<_, String>(false).holds(), words);
        assert_eq!(Ok::<_, String>(()).holds(), Ok(()));
        let error = "x".parse::<u8>().map(|number| number == 0);
        let words = Err("invalid digit found in string".to_owned());
        assert_eq!(error.holds(), words);
    }

    #[test]
    fn a_guard_panics_at_its_end_only_if_it_is_broken_and_nothing_else_has_failed() {
        let words = |end: fn(Always)| {
            let guard = || Always::begin("order".to_owned(), || Err::<(), _>("chaos"));
            let payload = std::panic::catch_unwind(|| end(guard())).unwrap_err();
            payload.downcast_ref::<String>().cloned()
        };
        for end in [Always::check, drop] {
            let words = words(end).unwrap();
            assert!(words.starts_with("`order` did not hold "), "{words}");
            assert!(
                words.ends_with(" s after it was first checked: chaos"),
                "{words}"
            );
        }
        assert_eq!(
            words(|_guard| panic!("{}", "another")).as_deref(),
            Some("another")
        );
        Always::begin("order".to_owned(), || true).check();
        drop(Always::begin("order".to_owned(), || ()));
    }
}
