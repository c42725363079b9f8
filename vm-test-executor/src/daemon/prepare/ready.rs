//! What the making of an instance results in.

use super::super::instance::Belongings;
use crate::backend::kvm::Accelerator;
use crate::keeper::World;
use std::fmt::Debug;
use std::sync::Arc;

/// What must not be removed while the instance runs: held for its locks, which end when it is dropped.
pub(crate) type Held = Arc<dyn Debug + Send + Sync>;

/// An instance that only has to be started.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Its own, which also picks its range of ids.
    pub(crate) number: u64,
    pub(crate) world: World,
    pub(crate) belongings: Belongings,
    /// What it is, for people.
    pub(crate) description: String,
    /// The release of its kernel.
    pub(crate) kernel: String,
    /// Time limit of a job, in milliseconds.
    pub(crate) timeout: u64,
    /// Time limit until the agent's first word, in milliseconds.
    pub(crate) boot_timeout: u64,
    /// See `Leased::caveat`.
    pub(crate) caveat: Option<String>,
    /// Whether what it writes takes up its memory.
    pub(crate) writes_to_memory: bool,
    /// For a machine that goes on from a template, so that another one can be prepared ahead of its lease: what executes it.
    pub(crate) next: Option<Accelerator>,
    /// A spare that is made like it has its part in it.
    pub(crate) held: Held,
}
