//! A fault from its beginning to its end. Knows no kind of fault.

use super::super::tools::line::Line;
use super::error::{NodeFaultError, or_panic};
use super::place::NodeFaults;
use vm_test_protocol::node_fault::NodeFault as Wanted;
use vm_test_protocol::tool::{Ask, Told, Tool};

/// A fault that lasts until this is dropped.
#[derive(Debug)]
#[must_use = "the fault ends when this is dropped"]
pub struct NodeFault {
    /// The way to the tool that has the fault, until it ends.
    line: Option<Line>,
    processes: Vec<u32>,
}

impl NodeFaults {
    /// Begins a fault.
    pub(super) fn begin(self, wanted: Wanted) -> Result<NodeFault, NodeFaultError> {
        let line = self.open(Tool::Fault(wanted))?;
        match line.told()? {
            Ok(Told::Faulted(processes)) => Ok(NodeFault {
                line: Some(line),
                processes,
            }),
            Ok(Told::Unable(unable)) => Err(NodeFaultError::of(unable)),
            said => Err(line.unexpected(&said).into()),
        }
    }
}

impl NodeFault {
    /// Returns the processes that have the fault, by their numbers in the guest; none, if it is not
    /// about processes.
    #[must_use]
    pub fn processes(&self) -> &[u32] {
        &self.processes
    }

    /// Ends the fault: when this returns, it is undone.
    ///
    /// # Panics
    /// If it cannot be undone; see [`NodeFault::try_end`].
    #[track_caller]
    pub fn end(self) {
        or_panic(self.try_end());
    }

    /// Ends the fault, as [`NodeFault::end`] does.
    ///
    /// # Errors
    /// If it cannot be undone: what has it was changed by others meanwhile, or the node is off.
    pub fn try_end(mut self) -> Result<(), NodeFaultError> {
        self.undo()
    }

    /// Asks the tool something, and returns what it answers.
    pub(super) fn ask(&self, ask: &Ask) -> Result<Told, NodeFaultError> {
        match &self.line {
            Some(line) => Ok(line.ask(ask)?),
            None => Ok(Told::Over),
        }
    }

    fn undo(&mut self) -> Result<(), NodeFaultError> {
        match self.line.take() {
            Some(line) => Ok(line.end()?),
            None => Ok(()),
        }
    }
}

impl Drop for NodeFault {
    fn drop(&mut self) {
        if let Err(error) = self.undo() {
            eprintln!("vm-test: warning: {error}");
        }
    }
}
