//! Functions that run on a node in the background, for threads and for futures.

use super::error::NodeError;
use super::function::{call_of, returned};
use super::handle::Node;
use super::permit::permitted;
use super::started::Started;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use vm_test_call::Function;
use vm_test_protocol::lab::Ran;

/// A function that runs on a node in the background.
///
/// When it is dropped, its process is killed and waited for.
#[must_use = "it is killed when it is dropped: join it"]
pub struct Task<R> {
    started: Started,
    result: Reading<R>,
}

/// Reads what a function has returned on a node out of how its process ended.
type Reading<R> = Box<dyn Fn(&str, Ran) -> Result<R, NodeError> + Send + Sync>;

impl Node {
    /// Starts a closure on the node, in a process of this test binary, and goes on.
    ///
    /// It captures nothing: what it needs is passed with [`Node::spawn_call`].
    ///
    /// ```compile_fail
    /// # fn on(node: vm_test_runtime::Node) {
    /// let port = 80;
    /// let task = node.spawn(move || std::net::TcpListener::bind(("::", port)).is_ok());
    /// # let _ = task.join();
    /// # }
    /// # fn main() { on(vm_test_runtime::lab().own()) }
    /// ```
    ///
    /// # Panics
    /// If it cannot be started; see [`Node::try_spawn_call`].
    #[track_caller]
    pub fn spawn<R>(&self, f: impl Fn() -> R + Copy + 'static) -> Task<R>
    where
        R: Serialize + DeserializeOwned + 'static,
    {
        match self.try_spawn_call(move |(): ()| f(), ()) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a function on the node with this argument, in a process of this test binary, and goes
    /// on.
    ///
    /// The function is the name of a function or a closure that captures nothing.
    ///
    /// # Panics
    /// If it cannot be started; see [`Node::try_spawn_call`].
    #[track_caller]
    pub fn spawn_call<A, R>(&self, f: impl Fn(A) -> R + Copy + 'static, argument: A) -> Task<R>
    where
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        match self.try_spawn_call(f, argument) {
            Ok(value) => value,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts a function on the node, as [`Node::spawn_call`] does, and returns an error instead of
    /// panicking.
    ///
    /// # Errors
    /// If the argument is too long (512 KiB), or the node cannot be used.
    pub fn try_spawn_call<A, R>(
        &self,
        f: impl Fn(A) -> R + Copy + 'static,
        argument: A,
    ) -> Result<Task<R>, NodeError>
    where
        A: Serialize + DeserializeOwned + 'static,
        R: Serialize + DeserializeOwned + 'static,
    {
        let function = Function::of(f);
        let work = call_of(self.name(), function, &argument)?;
        Ok(Task {
            started: Started::start(self.name(), work)?,
            result: Box::new(move |node, ran| returned(node, function, ran)),
        })
    }

    /// Runs a closure on the node as [`Node::run`] does, for any executor.
    ///
    /// The future begins when it is polled for the first time, and not before less than 32 others
    /// run. If it is dropped before its end, the process on the node is killed.
    ///
    /// # Errors
    /// As those of [`Node::try_call`].
    pub fn run_async<F, R>(
        &self,
        f: F,
    ) -> impl Future<Output = Result<R, NodeError>> + Send + use<F, R>
    where
        F: Fn() -> R + Copy + 'static,
        R: Serialize + DeserializeOwned,
    {
        permitted(run_to_end(
            self.name(),
            Function::of(move |(): ()| f()),
            &(),
        ))
    }

    /// Calls a function on the node as [`Node::call`] does, for any executor.
    ///
    /// The future begins when it is polled for the first time, and not before less than 32 others
    /// run. If it is dropped before its end, the process on the node is killed.
    ///
    /// # Errors
    /// As those of [`Node::try_call`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the argument is given away, as with `call`"
    )]
    pub fn call_async<F, A, R>(
        &self,
        f: F,
        argument: A,
    ) -> impl Future<Output = Result<R, NodeError>> + Send + use<F, A, R>
    where
        F: Fn(A) -> R + Copy + 'static,
        A: Serialize + DeserializeOwned,
        R: Serialize + DeserializeOwned,
    {
        permitted(run_to_end(self.name(), Function::of(f), &argument))
    }
}

/// Runs a function on a node to its end; dropping the future kills it there.
pub(super) fn run_to_end<A, R>(
    node: &'static str,
    function: Function<A, R>,
    argument: &A,
) -> impl Future<Output = Result<R, NodeError>> + Send + use<A, R>
where
    A: Serialize + DeserializeOwned,
    R: Serialize + DeserializeOwned,
{
    let work = call_of(node, function, argument);
    async move {
        let started = Started::start_async(node, work?).await?;
        returned(node, function, started.finish_async().await?)
    }
}

impl<R> Task<R> {
    /// Returns the name of the node.
    #[must_use]
    pub fn node(&self) -> &'static str {
        self.started.node()
    }

    /// Waits for the end of the function, and returns its result.
    ///
    /// # Panics
    /// If the function panicked, or has no result; see [`Task::try_join`].
    #[track_caller]
    pub fn join(self) -> R {
        match self.try_join() {
            Ok(result) => result,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits for the end of the function, and returns its result, or its panic as data.
    ///
    /// # Errors
    /// If it panicked, its process ended without a result, the result is too long (512 KiB), or the
    /// node has died.
    pub fn try_join(self) -> Result<R, NodeError> {
        let Self { started, result } = self;
        let node = started.node();
        result(node, started.finish(false)?)
    }

    /// Does the same as [`Task::try_join`], for any executor.
    ///
    /// If the future is dropped before its end, the process on the node is killed.
    ///
    /// # Errors
    /// As those of [`Task::try_join`].
    pub fn join_async(self) -> impl Future<Output = Result<R, NodeError>> + Send + use<R> {
        let Self { started, result } = self;
        let node = started.node();
        async move { result(node, started.finish_async().await?) }
    }

    /// Kills its process, and waits until it has ended.
    pub fn kill(self) {
        // How it ended is no news: it may have ended before.
        let _ = self.started.finish(true);
    }
}

impl<R> fmt::Debug for Task<R> {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.started.fmt(to)
    }
}
