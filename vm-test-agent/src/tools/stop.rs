//! Why a tool ends before it has done everything.

use std::fmt::Display;
use std::io;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::node_fault::{Obstacle, Unable};
use vm_test_protocol::tool::Hindrance;

/// Why a tool ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The network does not let it.
    Hindered(Hindrance),
    /// It cannot do it.
    Failed(Failure),
    /// No guest like this one can.
    Unable(Unable),
    /// Nobody hears it.
    Unheard(io::Error),
}

impl Stop {
    /// Returns that it cannot do this, for this cause.
    pub(super) fn cannot(what: impl Display, cause: impl Display) -> Self {
        Self::Failed(Failure::new(format!("cannot {what}: {cause}")))
    }

    /// Returns that this guest cannot have a fault.
    pub(super) fn unable(obstacle: Obstacle, failure: Failure) -> Self {
        Self::Unable(Unable { obstacle, failure })
    }
}

impl From<Hindrance> for Stop {
    fn from(hindrance: Hindrance) -> Self {
        Self::Hindered(hindrance)
    }
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}
