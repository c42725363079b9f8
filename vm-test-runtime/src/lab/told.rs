//! What a tool on a node says, read frame by frame. Knows no tool.

use super::error::NodeError;
use super::started::Started;
use super::work::{have_run, how};
use std::io;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame::{self, FrameBuffer};
use vm_test_protocol::lab::Work;
use vm_test_protocol::tool::{Told, Tool};

/// Runs a tool that says nothing but how it ended.
///
/// `what` completes "cannot …".
pub(super) fn run(node: &'static str, what: &str, tool: Tool) -> Result<(), NodeError> {
    let ran = have_run(node, Work::Tool(Box::new(tool)))?;
    let mut frames = FrameBuffer::default();
    frames.push(&ran.stdout);
    let told = frames
        .pop()
        .map_err(|error| unreadable(node, what, &error))?;
    match told {
        Some(Told::Over) => Ok(()),
        Some(other) => Err(unexpected(node, what, other)),
        None => Err(NodeError::failed(node, what, how(&ran.end))),
    }
}

/// A tool that says more than that.
pub(super) struct Teller {
    started: Started,
    /// What completes "cannot …".
    what: String,
}

impl Teller {
    /// Starts a tool.
    pub(super) fn start(node: &'static str, what: String, tool: Tool) -> Result<Self, NodeError> {
        let started = Started::start(node, Work::Tool(Box::new(tool)))?;
        Ok(Self { started, what })
    }

    /// Waits for the next piece of what it reads; `None` if that is all.
    pub(super) fn bytes(&self) -> Result<Option<Vec<u8>>, NodeError> {
        let (node, what) = (self.started.node(), &self.what);
        let ended = "it ended before it had said everything";
        let Some(bytes) = self.started.next()? else {
            return Err(NodeError::failed(node, what, ended));
        };
        let told = frame::read(&bytes[..]).map_err(|error| unreadable(node, what, &error))?;
        match told {
            Some(Told::Bytes(bytes)) => Ok(Some(bytes)),
            Some(Told::Over) => Ok(None),
            Some(other) => Err(unexpected(node, what, other)),
            None => Err(NodeError::failed(node, what, ended)),
        }
    }

    /// Returns an error of it.
    pub(super) fn failed(&self, cause: impl Into<String>) -> NodeError {
        NodeError::failed(self.started.node(), &self.what, cause)
    }
}

fn unreadable(node: &str, what: &str, error: &io::Error) -> NodeError {
    let cause = format!("the node has sent something else: {error}");
    NodeError::refused(node, Failure::new(format!("cannot {what}: {cause}")))
}

fn unexpected(node: &str, what: &str, told: Told) -> NodeError {
    match told {
        Told::Failed(reason) => {
            let reason = reason.to_string();
            // It says what it cannot do, which the error says, too.
            let cause = reason.strip_prefix(&format!("cannot {what}: "));
            NodeError::failed(node, what, cause.unwrap_or(&reason))
        }
        _ => NodeError::failed(node, what, "the node has sent something else"),
    }
}
