//! What a test's jobs have left on one node of its lab: coverage profiles and artifacts. Has them
//! brought back, and remembers which could not be. Knows no lease, and starts no job.

use crate::client::{Agent, Follower, Lost};
use crate::harvest::{Destination, Harvest};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use vm_test_protocol::agent::{Ended, FromAgent};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::harvest::Wanted;

/// The files of one node.
#[derive(Debug)]
pub(super) struct NodeFiles {
    node: String,
    destination: Arc<Destination>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether jobs may have left something.
    may_be: bool,
    /// Whether they have left artifacts, as far as is known.
    has_artifacts: bool,
    /// What was not brought back, and why.
    remarks: Vec<String>,
}

impl NodeFiles {
    /// Returns the files of a node where nothing has run.
    pub(super) fn new(node: &str, destination: &Arc<Destination>) -> Self {
        Self {
            node: node.to_owned(),
            destination: Arc::clone(destination),
            state: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what a job that is about to run there leaves.
    pub(super) fn of_job(&self) -> Wanted {
        self.lock().may_be = true;
        self.destination.wanted_of_node()
    }

    /// Notes that a job has ended there.
    pub(super) fn note(&self, ended: &Ended) {
        self.lock().has_artifacts |= ended.has_artifacts;
    }

    /// Notes that the node has returned to an earlier state, in which there may be files.
    pub(super) fn are_restored(&self) {
        self.lock().may_be = true;
    }

    /// Notes that they are gone with the node's instance, which has been ended in this way.
    pub(super) fn are_lost(&self, how: &str) {
        let mut state = self.lock();
        let is_known = self.is_known(&state);
        state.forget();
        if is_known {
            let words = format!(
                "{} from before node `{}` was {how} were not brought back",
                self.nouns(),
                self.node
            );
            // It may happen often in one test.
            if !state.remarks.contains(&words) {
                state.remarks.push(words);
            }
        }
    }

    /// Returns whether something is known to be there.
    fn is_known(&self, state: &State) -> bool {
        state.may_be && (state.has_artifacts || self.destination.measures_coverage())
    }

    /// Has them brought back, if there may be any, by the node's agent and in its instance, or says
    /// why it cannot be asked; `cause_of` explains an agent that does not answer.
    pub(super) fn bring(
        &self,
        agent: impl FnOnce() -> Result<(Agent, String), Failure>,
        cause_of: impl FnOnce(Lost) -> Failure,
    ) {
        let mut state = self.lock();
        if !state.may_be {
            return;
        }
        let is_known = self.is_known(&state);
        state.forget();
        drop(state);
        let remarks = match agent() {
            Ok((agent, instance)) => self.remarks_of(agent, &instance, cause_of),
            Err(failure) if is_known => vec![format!(
                "{} of node `{}` were not brought back: {}",
                self.nouns(),
                self.node,
                failure.message
            )],
            Err(_) => Vec::new(),
        };
        self.lock().remarks.extend(remarks);
    }

    /// Has them brought back; returns what was not, and why.
    fn remarks_of(
        &self,
        mut agent: Agent,
        instance: &str,
        cause_of: impl FnOnce(Lost) -> Failure,
    ) -> Vec<String> {
        let harvest = Harvest::of_node(&self.destination, &self.node, instance);
        let mut taking = Taking { harvest };
        let brought = agent.bring(self.destination.wanted_of_node(), &mut taking);
        let mut remarks = taking.harvest.remarks();
        if let Err(lost) = brought {
            remarks.push(format!(
                "not all {} of node `{}` were brought back: {}",
                self.nouns(),
                self.node,
                cause_of(lost).message
            ));
        }
        remarks
    }

    fn nouns(&self) -> &'static str {
        if self.destination.measures_coverage() {
            "coverage profiles and artifacts"
        } else {
            "artifacts"
        }
    }

    /// Returns what was not brought back so far, and why.
    pub(super) fn remarks(&self) -> Vec<String> {
        std::mem::take(&mut self.lock().remarks)
    }
}

impl State {
    /// From here on there is nothing, until another job runs.
    fn forget(&mut self) {
        self.may_be = false;
        self.has_artifacts = false;
    }
}

/// Takes files, and nothing else.
struct Taking {
    harvest: Harvest,
}

impl Follower for Taking {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        let taken = match message {
            FromAgent::File { .. }
            | FromAgent::FileBytes(_)
            | FromAgent::FileEnd(_)
            | FromAgent::FileKept { .. } => self.harvest.take(message),
            _ => Err("a message that is not about files".to_owned()),
        };
        taken.map_err(|breach| Failure::new(format!("it broke the protocol: {breach}")))
    }
}

#[cfg(test)]
mod tests;
