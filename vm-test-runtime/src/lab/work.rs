//! Has something run on a node, and describes its end. Knows neither functions nor commands.

use super::error::NodeError;
use super::exchange::ask;
use vm_test_protocol::end::End;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::lab::{Answer, Question, Ran, Work};

/// Runs something on a node, and waits for its end.
pub(super) fn have_run(node: &str, work: Work) -> Result<Ran, NodeError> {
    let question = Question::Run {
        node: node.to_owned(),
        work,
    };
    ended(node, ask(question))
}

/// Returns how something on a node has ended, if the host says so.
pub(super) fn ended(node: &str, answer: Answer) -> Result<Ran, NodeError> {
    match answer {
        Answer::Ran(ran) => Ok(*ran),
        Answer::Refused(failure) => Err(NodeError::refused(node, failure)),
        _ => {
            let failure = Failure::new("the host gave another answer");
            Err(NodeError::refused(node, failure))
        }
    }
}

/// Describes how a process ended.
pub(super) fn how(end: &End) -> String {
    match end {
        End::Exited(code) => format!("its process exited with code {code}"),
        End::Signaled(signal) => format!("signal {signal} killed its process"),
        End::TimedOut => "its process was killed when its time was up".to_owned(),
        End::OutOfMemory => "the node ran out of memory, and its process was killed".to_owned(),
        End::NotStarted { reason, .. } => format!("its process was not started: {reason}"),
    }
}
