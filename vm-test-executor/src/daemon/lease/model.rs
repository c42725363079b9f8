//! An instance of a lease that has begun, as a model for spares. Plain data.

use super::super::prepare::{Configured, Held, Next, Order, Ready, Tools};
use crate::config::Guest;
use crate::keeper::Assignment;
use std::sync::Arc;

/// The instance of a lease that has just begun, as a model for spares.
#[derive(Clone, Debug)]
pub(super) struct Model {
    pub(super) guest: Guest,
    pub(super) next: Next,
    pub(super) assignment: Assignment,
    /// Keeps what the instance is made of from being removed.
    pub(super) held: Held,
    /// Set for a VM that can be saved once more.
    configured: Option<Arc<Configured>>,
}

impl Model {
    /// Returns the model of this lease's instance, if it can be one.
    pub(super) fn of(order: &Order<'_>, ready: &Ready) -> Option<Self> {
        Some(Self {
            guest: order.guest.clone(),
            next: ready.next?,
            assignment: ready.assignment.clone(),
            held: Arc::clone(&ready.held),
            configured: ready.configured.clone(),
        })
    }

    /// Returns whether it is worth a template of its own, and no thread is making one.
    pub(super) fn is_worth_saving(&self, tools: &Tools) -> bool {
        let configured = self.configured.as_ref();
        configured.is_some_and(|configured| configured.is_worth_saving(tools))
    }

    /// Has a VM restored from a template of its own, if there is one or it is worth one.
    pub(super) fn save(&mut self, tools: &Tools) {
        let name = &self.assignment.instance;
        let saved = self
            .configured
            .as_ref()
            .and_then(|configured| configured.saved(tools, name));
        if let Some((assignment, template)) = saved {
            self.assignment = assignment;
            self.held = Arc::new((Arc::clone(&self.held), template));
        }
    }

    /// Returns the model of this lease's instance, if the lease is for a test.
    ///
    /// A test is likely to be followed by another one, a user's command is not.
    pub(super) fn after(order: &Order<'_>, ready: &Ready) -> Option<Self> {
        order.request.entry.as_ref()?;
        Self::of(order, ready)
    }
}
