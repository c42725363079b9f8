//! What it takes to start an instance ahead of its lease, besides its world. Plain data.

use super::super::instance::Belongings;
use super::{hardware, limits};
use crate::backend::kvm::{Accelerator, Start};
use crate::config::Guest;
use crate::keeper::{Assignment, World};
use vm_test_protocol::failure::Failure;

/// An instance of which another one can be started ahead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A VM that is restored from a template, whose instructions this executes.
    Vm(Accelerator),
    /// A container.
    Container,
}

impl Next {
    /// Has the instance wait for its lease; returns what it has outside its namespaces.
    ///
    /// # Errors
    /// If that cannot be made.
    pub(crate) fn ahead(
        self,
        guest: &Guest,
        assignment: &mut Assignment,
    ) -> Result<Belongings, Failure> {
        match &mut assignment.world {
            World::Vm(vm) => vm.hardware.start = Start::Ahead,
            World::Container(container) => container.ahead = true,
        }
        match self {
            Self::Vm(accelerator) => hardware::belongings(guest, &assignment.instance, accelerator),
            Self::Container => {
                let mut belongings = Belongings::default();
                limits::limit(assignment, &mut belongings);
                Ok(belongings)
            }
        }
    }
}
