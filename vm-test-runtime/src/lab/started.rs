//! Something that runs on a node in the background: what it says, what it is told, its end. It is
//! killed when nobody has it any more. Knows neither functions nor commands.

use super::asking::ask_async;
use super::error::NodeError;
use super::exchange::{ask, tell};
use super::work::ended;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Question, Ran, Work};

/// How many bytes of input are sent at a time.
const PIECE: usize = 128 << 10;

/// Something that runs on a node.
#[derive(Debug)]
pub(super) struct Started {
    node: &'static str,
    /// Its number, until it has ended.
    task: Option<u64>,
    /// Whether dropping it waits until it has ended.
    waits: bool,
}

impl Started {
    /// Starts something on a node.
    pub(super) fn start(node: &'static str, work: Work) -> Result<Self, NodeError> {
        let waits = true;
        Self::of(node, ask(Self::question(node, work)), waits)
    }

    /// Starts something on a node, for a future, which waits for nothing when it is dropped.
    pub(super) async fn start_async(node: &'static str, work: Work) -> Result<Self, NodeError> {
        let waits = false;
        Self::of(node, ask_async(Self::question(node, work)).await, waits)
    }

    fn question(node: &str, work: Work) -> Question {
        let node = node.to_owned();
        Question::Start { node, work }
    }

    fn of(node: &'static str, answer: Answer, waits: bool) -> Result<Self, NodeError> {
        match answer {
            Answer::Started(task) => Ok(Self {
                node,
                task: Some(task),
                waits,
            }),
            other => Err(unexpected(node, other)),
        }
    }

    /// Returns the name of the node.
    pub(super) fn node(&self) -> &'static str {
        self.node
    }

    /// Waits for what it says next; `None` if it says nothing more.
    pub(super) fn next(&self) -> Result<Option<Vec<u8>>, NodeError> {
        let task = self.number()?;
        match ask(Question::Next { task }) {
            Answer::Next(bytes) => Ok(Some(bytes)),
            Answer::NoMore => Ok(None),
            other => Err(unexpected(self.node, other)),
        }
    }

    /// Gives it more input, piece by piece; waits until it has room for it.
    pub(super) fn input(&self, bytes: &[u8]) -> Result<(), NodeError> {
        for piece in bytes.chunks(PIECE) {
            taken(self.node, ask(self.piece(piece, false)?))?;
        }
        Ok(())
    }

    /// Ends its input.
    pub(super) fn end_input(&self) -> Result<(), NodeError> {
        taken(self.node, ask(self.piece(&[], true)?))
    }

    /// Ends its input, for a future.
    pub(super) async fn end_input_async(&self) -> Result<(), NodeError> {
        taken(self.node, ask_async(self.piece(&[], true)?).await)
    }

    fn piece(&self, bytes: &[u8], ends: bool) -> Result<Question, NodeError> {
        let (task, bytes) = (self.number()?, bytes.to_vec());
        Ok(Question::Input { task, bytes, ends })
    }

    /// Waits until it has ended; kills it first if that is wanted.
    pub(super) fn finish(mut self, kill: bool) -> Result<Ran, NodeError> {
        let task = self.number()?;
        self.task = None;
        ended(self.node, ask(Question::Finish { task, kill }))
    }

    /// Waits until it has ended, for a future: dropping that kills it, and waits for nothing.
    pub(super) async fn finish_async(mut self) -> Result<Ran, NodeError> {
        self.waits = false;
        let task = self.number()?;
        let answer = ask_async(Question::Finish { task, kill: false }).await;
        self.task = None;
        ended(self.node, answer)
    }

    fn number(&self) -> Result<u64, NodeError> {
        let over = || NodeError::refused(self.node, Failure::new("it has ended"));
        self.task.ok_or_else(over)
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let Some(task) = self.task else {
            return;
        };
        let kill = Question::Finish { task, kill: true };
        if self.waits {
            ask(kill);
        } else {
            tell(kill);
        }
    }
}

fn taken(node: &str, answer: Answer) -> Result<(), NodeError> {
    match answer {
        Answer::Taken => Ok(()),
        other => Err(unexpected(node, other)),
    }
}

fn unexpected(node: &str, answer: Answer) -> NodeError {
    match ended(node, answer) {
        Err(error) => error,
        Ok(ran) => NodeError::ended(node, super::work::how(&ran.end)),
    }
}
