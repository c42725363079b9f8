//! A command of a node that runs in the background: its lines, its input, its end.

use super::command::{Command, Output};
use super::error::NodeError;
use super::permit::permitted;
use super::started::Started;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use vm_test_protocol::lab::Work;

/// A command that runs on a node in the background.
///
/// Its input stays open until [`Child::close_input`] or [`Child::wait`]. When it is dropped, its
/// process is killed and waited for. Several threads may use it at a time, as one that writes and
/// one that reads.
#[derive(Debug)]
#[must_use = "it is killed when it is dropped: wait for it"]
pub struct Child {
    started: Started,
    /// The program and its arguments, for messages.
    words: String,
    /// Held while a line is waited for.
    reading: Mutex<()>,
    is_closed: AtomicBool,
}

impl Command {
    /// Starts it, and goes on. What [`Command::input`] has given it comes first.
    ///
    /// # Panics
    /// If the node cannot be used. Whether there is such a program shows in how it ends.
    #[track_caller]
    pub fn spawn(self) -> Child {
        match self.try_spawn() {
            Ok(child) => child,
            Err(error) => panic!("{error}"),
        }
    }

    /// Starts it, and goes on.
    ///
    /// # Errors
    /// If the node cannot be used.
    pub fn try_spawn(self) -> Result<Child, NodeError> {
        let words = self.shown();
        let (node, words_and_input) = self.into_work();
        let started = Started::start(node, words_and_input)?;
        Ok(Child {
            started,
            words,
            reading: Mutex::new(()),
            is_closed: AtomicBool::new(false),
        })
    }

    /// Does the same as [`Command::try_output`], for any executor.
    ///
    /// The future begins when it is polled for the first time, and not before less than 32 others
    /// run. If it is dropped before its end, the process on the node is killed.
    ///
    /// # Errors
    /// As those of [`Command::try_output`].
    pub fn output_async(self) -> impl Future<Output = Result<Output, NodeError>> + Send {
        let (node, work): (&'static str, Work) = self.into_work();
        permitted(async move {
            let started = Started::start_async(node, work).await?;
            // A command that has ended takes no more input.
            let _ = started.end_input_async().await;
            Output::of(node, started.finish_async().await?)
        })
    }
}

impl Child {
    /// Returns the name of the node.
    #[must_use]
    pub fn node(&self) -> &'static str {
        self.started.node()
    }

    /// Waits for the next line of its standard output, and returns it without its end; `None` if
    /// there are no more lines.
    ///
    /// What is not UTF-8 is replaced. What it writes without reading its input and without a reader
    /// here waits in the node, as in a pipe.
    ///
    /// # Panics
    /// If the node cannot be used.
    #[track_caller]
    pub fn line(&self) -> Option<String> {
        match self.try_line() {
            Ok(line) => line,
            Err(error) => panic!("{error}"),
        }
    }

    /// Does the same as [`Child::line`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If the node cannot be used.
    pub fn try_line(&self) -> Result<Option<String>, NodeError> {
        let _reading = self.reading.lock();
        let line = self.started.next()?;
        Ok(line.map(|line| {
            let line = String::from_utf8_lossy(&line);
            let line = line.strip_suffix('\n').unwrap_or(&line);
            line.strip_suffix('\r').unwrap_or(line).to_owned()
        }))
    }

    /// Gives it more standard input; waits until it has room for it.
    ///
    /// # Panics
    /// If it has ended, its input is closed, or the node cannot be used.
    #[track_caller]
    pub fn write(&self, bytes: impl AsRef<[u8]>) {
        if let Err(error) = self.try_write(bytes) {
            panic!("cannot write to `{}`: {error}", self.words);
        }
    }

    /// Does the same as [`Child::write`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If it has ended, its input is closed, or the node cannot be used.
    pub fn try_write(&self, bytes: impl AsRef<[u8]>) -> Result<(), NodeError> {
        self.started.input(bytes.as_ref())
    }

    /// Ends its standard input.
    pub fn close_input(&self) {
        if !self.is_closed.swap(true, Ordering::Relaxed) {
            // A command that has ended takes no more input.
            let _ = self.started.end_input();
        }
    }

    /// Ends its standard input, waits for its end, and returns what it has left.
    ///
    /// # Panics
    /// If it could not be started, or the node cannot be used.
    #[track_caller]
    pub fn wait(self) -> Output {
        match self.try_wait() {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// Does the same as [`Child::wait`], and returns an error instead of panicking.
    ///
    /// # Errors
    /// If it could not be started, or the node cannot be used.
    pub fn try_wait(self) -> Result<Output, NodeError> {
        self.close_input();
        let node = self.node();
        Output::of(node, self.started.finish(false)?)
    }

    /// Kills it, waits for its end, and returns what it has left.
    ///
    /// # Panics
    /// If it could not be started, or the node cannot be used.
    #[track_caller]
    pub fn kill(self) -> Output {
        let node = self.node();
        let ran = self.started.finish(true);
        match ran.and_then(|ran| Output::of(node, ran)) {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }
}
