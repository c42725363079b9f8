//! Commands of nodes: prepared, run, and what they left.

use super::error::NodeError;
use super::work::{have_run, how};
use std::borrow::Cow;
use vm_test_protocol::end::End;
use vm_test_protocol::lab::{Ran, Work};

/// A command that is to run on a node.
#[derive(Clone, Debug)]
#[must_use = "a command does nothing until it is run"]
pub struct Command {
    node: &'static str,
    words: Vec<Vec<u8>>,
    input: Vec<u8>,
}

/// What a command on a node has left.
#[derive(Clone, Debug)]
pub struct Output {
    end: End,
    /// Its standard output: the last 128 KiB of it.
    pub stdout: Vec<u8>,
    /// Its standard error: the last 128 KiB of it.
    pub stderr: Vec<u8>,
    /// How many bytes of both are not here.
    pub dropped_bytes: u64,
}

impl Command {
    pub(super) fn new<W: AsRef<[u8]>>(
        node: &'static str,
        words: impl IntoIterator<Item = W>,
    ) -> Self {
        let words = words.into_iter().map(|word| word.as_ref().to_vec());
        Self {
            node,
            words: words.collect(),
            input: Vec::new(),
        }
    }

    /// Gives it this standard input, at most 256 KiB; without this it is empty.
    pub fn input(mut self, input: impl Into<Vec<u8>>) -> Self {
        self.input = input.into();
        self
    }

    /// Runs it and waits for its end.
    ///
    /// # Panics
    /// If it cannot be started, or the node cannot be used.
    #[track_caller]
    pub fn output(self) -> Output {
        match self.try_output() {
            Ok(output) => output,
            Err(error) => panic!("{error}"),
        }
    }

    /// Runs it, and returns its standard output without blanks at the end.
    ///
    /// # Panics
    /// If it does not exit with code 0, or cannot be run.
    #[track_caller]
    pub fn succeed(self) -> String {
        let (node, words) = (self.node, self.shown());
        let output = self.output();
        assert!(
            output.is_success(),
            "`{words}` failed on node `{node}`: {}\n{}{}",
            how(&output.end),
            output.stdout(),
            output.stderr(),
        );
        output.stdout().trim_end().to_owned()
    }

    /// Runs it and waits for its end.
    ///
    /// # Errors
    /// If it cannot be started, or the node cannot be used.
    pub fn try_output(self) -> Result<Output, NodeError> {
        let (node, work) = self.into_work();
        Output::of(node, have_run(node, work)?)
    }

    /// Returns the node, and what is to run there.
    pub(super) fn into_work(self) -> (&'static str, Work) {
        let Self { node, words, input } = self;
        (node, Work::Command { words, input })
    }

    /// Returns the program and its arguments as text.
    pub(super) fn shown(&self) -> String {
        let words = self.words.iter().map(|word| String::from_utf8_lossy(word));
        words.collect::<Vec<_>>().join(" ")
    }
}

impl Output {
    /// Returns what a command on this node has left.
    pub(super) fn of(node: &str, ran: Ran) -> Result<Self, NodeError> {
        match ran.end {
            End::NotStarted { .. } => Err(NodeError::ended(node, how(&ran.end))),
            end => Ok(Self {
                end,
                stdout: ran.stdout,
                stderr: ran.stderr,
                dropped_bytes: ran.dropped_bytes,
            }),
        }
    }

    /// Returns whether it exited with code 0.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.end == End::Exited(0)
    }

    /// Returns its exit code, or `None` if a signal ended it.
    #[must_use]
    pub fn code(&self) -> Option<i32> {
        match self.end {
            End::Exited(code) => Some(code),
            _ => None,
        }
    }

    /// Returns its standard output as text.
    #[must_use]
    pub fn stdout(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stdout)
    }

    /// Returns its standard error as text.
    #[must_use]
    pub fn stderr(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.stderr)
    }
}
