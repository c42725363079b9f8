//! How an instance is started, as those are told who compare the times. Plain data.

use serde::{Deserialize, Serialize};

/// How an instance is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Startup {
    /// A container's first process is started.
    Start,
    /// The kernel of a VM boots.
    Boot,
    /// A VM is restored from saved memory.
    Restore,
    /// It was prepared ahead of its lease.
    Spare,
}

impl Startup {
    /// Returns its name in reports.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Boot => "boot",
            Self::Restore => "restore",
            Self::Spare => "spare",
        }
    }
}
