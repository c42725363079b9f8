//! Waits for what happens on a node. They take place on the node itself, in one call; closures are
//! called by the body.

use super::handle::{Node, lab};
use super::patience;
use super::task::run_to_end;
use crate::here::{Answer, Condition, Facts, Scene, WaitError, Wanted, until};
use std::fmt::Display;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use vm_test_call::Function;

/// How much longer than its limit a wait on a node may take: its process has to be started there,
/// and what it found has to come back.
const GRACE: Duration = Duration::from_secs(20);

/// The conditions on a node that a test can wait for; each method returns one, and its
/// [`within`](Condition::within) waits.
///
/// The node looks by itself, in a process of the test binary. Only the closures of
/// [`NodeWait::until`] and [`NodeWait::until_ok`] are called in the body, where they may use all
/// nodes. The limit is counted from the first look on.
#[derive(Clone, Copy, Debug)]
#[must_use = "choose what to wait for"]
pub struct NodeWait {
    node: Node,
}

impl Node {
    /// Returns the conditions on the node that the test can wait for.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// let web = vm_test_runtime::lab().node("web");
    /// web.wait().port(80).within(Duration::from_secs(5));
    /// ```
    pub fn wait(&self) -> NodeWait {
        NodeWait { node: *self }
    }
}

impl NodeWait {
    /// Returns the condition that something listens on this TCP port of the node, at any address.
    ///
    /// Nothing connects to it: the kernel lists what listens there.
    pub fn port(self, port: u16) -> Condition<'static> {
        self.met(Wanted::Port(port))
    }

    /// Returns the condition that this unit of systemd is active on the node; a name without a
    /// suffix is that of a service.
    ///
    /// It ends the wait as early as [`Wait::unit`](crate::here::Wait::unit) does.
    pub fn unit(self, name: impl Into<String>) -> Condition<'static> {
        self.met(Wanted::Unit(name.into()))
    }

    /// Returns the condition that there is a file with this path on the node, of any kind.
    pub fn file(self, path: impl Into<PathBuf>) -> Condition<'static> {
        self.met(Wanted::File(path.into()))
    }

    /// Returns the condition that a regular file of the node has a line with this text in it; the
    /// wait returns the first such line, as far as it is written.
    ///
    /// The text is no pattern; see [`Wait::log_line`](crate::here::Wait::log_line).
    pub fn log_line(
        self,
        path: impl Into<PathBuf>,
        text: impl Into<String>,
    ) -> Condition<'static, String> {
        let (path, text) = (path.into(), text.into());
        let wanted = Wanted::LogLine { path, text };
        Condition::waited_for(move |limit| {
            let line = self.look(wanted, limit)?;
            Ok(line.unwrap_or_default())
        })
    }

    /// Returns the condition that a closure answers with `true` or `Some(value)`; the wait returns
    /// the value.
    ///
    /// The closure is called in the body, so it may use nodes and capture variables. What it returns
    /// and what the error says is as with [`Wait::until`](crate::here::Wait::until).
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// let (a, b) = (vm_test_runtime::lab().node("a"), vm_test_runtime::lab().node("b"));
    /// let name = b.name();
    /// let sees = || a.command(["ping", "-c1", name]).output().is_success();
    /// a.wait().until("an answer of its neighbour", sees).within(Duration::from_secs(5));
    /// ```
    pub fn until<'a, A, F>(self, what: impl Into<String>, ask: F) -> Condition<'a, A::Value>
    where
        A: Answer,
        F: FnMut() -> A + 'a,
    {
        until(self.scene(), what.into(), ask)
    }

    /// Returns the condition that a closure answers with `Ok`; the wait returns the value.
    ///
    /// The closure is called in the body; see [`NodeWait::until`].
    pub fn until_ok<'a, T, E, F>(self, what: impl Into<String>, mut ask: F) -> Condition<'a, T>
    where
        E: Display,
        F: FnMut() -> Result<T, E> + 'a,
    {
        self.until(what, move || ask().map(Some))
    }

    fn met(self, wanted: Wanted) -> Condition<'static> {
        Condition::waited_for(move |limit| self.look(wanted, limit).map(drop))
    }

    /// Has the node wait.
    fn look(self, wanted: Wanted, limit: Duration) -> Result<Option<String>, WaitError> {
        let scene = self.scene();
        if lab().own().name() == self.node.name() {
            return wanted.wait(scene, limit);
        }
        let began = Instant::now();
        let argument = (wanted.clone(), scene.clone(), limit);
        let looking = run_to_end(self.node.name(), Function::of(looks_there), &argument);
        let cause = match patience::wait_for(looking, limit.saturating_add(GRACE)) {
            Some(Ok(found)) => return found.map_err(WaitError::from),
            Some(Err(error)) => error.to_string(),
            None => "the node does not answer".to_owned(),
        };
        Err(wanted.unknown(scene, cause, began.elapsed()))
    }

    fn scene(self) -> Scene {
        Scene::Node(self.node.name().to_owned())
    }
}

/// What runs on the node.
fn looks_there(
    (wanted, scene, limit): (Wanted, Scene, Duration),
) -> Result<Option<String>, Box<Facts>> {
    wanted.wait(scene, limit).map_err(WaitError::into_facts)
}
