//! The conditions that a test can wait for in its guest: one method for each.

use super::condition::Condition;
use super::file::FileThere;
use super::listener::Port;
use super::log::LogLine;
use super::scene::Scene;
use super::unit::Unit;
use super::until::{Answer, Until};
use std::fmt::Display;
use std::path::PathBuf;

/// The conditions that a test can wait for; each method returns one, and its
/// [`within`](Condition::within) waits.
#[derive(Clone, Copy, Debug)]
#[must_use = "choose what to wait for"]
pub struct Wait {
    guest: &'static str,
}

impl Wait {
    /// Returns the conditions in the guest with this name.
    pub(super) fn on(guest: &'static str) -> Self {
        Self { guest }
    }

    fn scene(self) -> Scene {
        Scene::Guest(self.guest.to_owned())
    }

    /// Returns the condition that something listens on this TCP port, at any address, IPv4 or IPv6.
    ///
    /// Nothing connects to it: the kernel lists what listens in the network namespace of the
    /// calling thread.
    pub fn port(self, port: u16) -> Condition<'static> {
        Condition::new(self.scene(), Port(port))
    }

    /// Returns the condition that this unit of systemd is active; a name without a suffix is that
    /// of a service.
    ///
    /// A unit that has failed, is masked, or does not exist ends the wait at once, and so does a
    /// guest that systemd has not booted. The error shows the last lines of the unit's journal.
    pub fn unit(self, name: impl Into<String>) -> Condition<'static> {
        Condition::new(self.scene(), Unit(name.into()))
    }

    /// Returns the condition that there is a file with this path: a regular file, a directory, a
    /// socket or anything else.
    pub fn file(self, path: impl Into<PathBuf>) -> Condition<'static> {
        Condition::new(self.scene(), FileThere(path.into()))
    }

    /// Returns the condition that a regular file has a line with this text in it; the wait returns
    /// the first such line, as far as it is written.
    ///
    /// The text is no pattern. The file need not exist yet, and what it had before the wait began
    /// counts as well. It is read from its beginning at every look.
    pub fn log_line(
        self,
        path: impl Into<PathBuf>,
        text: impl Into<String>,
    ) -> Condition<'static, String> {
        let (path, text) = (path.into(), text.into());
        Condition::new(self.scene(), LogLine { path, text })
    }

    /// Returns the condition that a closure answers with `true` or `Some(value)`; the wait returns
    /// the value.
    ///
    /// The closure may also return one of them in a `Result`, see [`Answer`]. `what` completes the
    /// error's words "cannot see …", as in "three neighbours". The error also shows the closure's
    /// last `Err`.
    ///
    /// ```no_run
    /// # mod vm_test { pub use vm_test_runtime::here::here; }
    /// use std::path::Path;
    /// use std::time::Duration;
    ///
    /// let wait = vm_test::here().wait();
    /// let is_gone = || !Path::new("/run/lock/server").exists();
    /// wait.until("the lock gone", is_gone).within(Duration::from_secs(5));
    /// ```
    pub fn until<'a, A, F>(self, what: impl Into<String>, ask: F) -> Condition<'a, A::Value>
    where
        A: Answer,
        F: FnMut() -> A + 'a,
    {
        let what = what.into();
        Condition::new(self.scene(), Until { what, ask })
    }

    /// Returns the condition that a closure answers with `Ok`; the wait returns the value.
    ///
    /// `what` and the error are as with [`Wait::until`].
    ///
    /// ```no_run
    /// # mod vm_test { pub use vm_test_runtime::here::here; }
    /// use std::net::TcpStream;
    /// use std::time::Duration;
    ///
    /// let wait = vm_test::here().wait();
    /// let connect = || TcpStream::connect("10.1.0.2:80");
    /// let limit = Duration::from_secs(5);
    /// let stream = wait.until_ok("the server", connect).within(limit);
    /// ```
    pub fn until_ok<'a, T, E, F>(self, what: impl Into<String>, mut ask: F) -> Condition<'a, T>
    where
        E: Display,
        F: FnMut() -> Result<T, E> + 'a,
    {
        self.until(what, move || ask().map(Some))
    }
}
