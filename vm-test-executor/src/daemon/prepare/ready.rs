//! What the making of an instance results in.

use super::super::instance::Belongings;
use super::configured::Configured;
use super::held::Held;
use super::next::Next;
use crate::backend::kvm::{Accelerator, Start};
use crate::keeper::{Assignment, World};
use std::sync::Arc;
use std::time::Duration;
use vm_test_protocol::forwarded::Forwarded;
use vm_test_protocol::startup::Startup;

/// An instance that only has to be started.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Its number, which also selects its range of ids.
    pub(crate) number: u64,
    pub(crate) assignment: Assignment,
    pub(crate) belongings: Belongings,
    /// Its description, for people.
    pub(crate) description: String,
    /// The release of its kernel.
    pub(crate) kernel: String,
    /// Time limit of a job.
    pub(crate) timeout: Duration,
    /// Time limit until the agent's first word.
    pub(crate) boot_timeout: Duration,
    /// See `Leased::caveat`.
    pub(crate) caveat: Option<String>,
    /// See `Leased::shortage`.
    pub(crate) shortage: Option<String>,
    /// Whether what it writes takes up its memory.
    pub(crate) writes_to_memory: bool,
    /// See `Leased::forwards`.
    pub(crate) forwards: Vec<Forwarded>,
    /// Set if a spare can be prepared.
    pub(crate) next: Option<Next>,
    /// Set for a VM that can be saved once more when it is configured.
    pub(crate) configured: Option<Arc<Configured>>,
    /// Shared with spares that are made from the same.
    pub(crate) held: Held,
}

impl Ready {
    /// Returns the same without what only one instance can have.
    pub(crate) fn bare(&self) -> Self {
        Self {
            number: self.number,
            assignment: self.assignment.clone(),
            belongings: Belongings::default(),
            description: self.description.clone(),
            kernel: self.kernel.clone(),
            timeout: self.timeout,
            boot_timeout: self.boot_timeout,
            caveat: self.caveat.clone(),
            shortage: self.shortage.clone(),
            writes_to_memory: self.writes_to_memory,
            forwards: self.forwards.clone(),
            next: self.next,
            configured: None,
            held: Arc::clone(&self.held),
        }
    }

    /// Returns how it is started.
    pub(crate) fn startup(&self) -> Startup {
        match &self.assignment.world {
            World::Vm(vm) if vm.hardware.start.is_restored() => Startup::Restore,
            World::Vm(_) => Startup::Boot,
            _ => Startup::Start,
        }
    }

    /// Returns what executes the instructions of a VM that boots.
    pub(crate) fn boots_with(&self) -> Option<Accelerator> {
        match &self.assignment.world {
            World::Vm(vm) if vm.hardware.start == Start::Boot => Some(vm.hardware.accelerator),
            _ => None,
        }
    }
}
