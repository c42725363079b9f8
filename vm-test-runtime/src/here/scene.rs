//! The place where something is waited for: a guest, or a node of a lab. Only its name.

use serde::{Deserialize, Serialize};
use std::fmt;

/// Where something is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Scene {
    /// A guest, by its name.
    Guest(String),
    /// A node of a lab, by its name.
    Node(String),
}

impl Scene {
    /// Returns its name.
    pub(super) fn name(&self) -> &str {
        let (Self::Guest(name) | Self::Node(name)) = self;
        name
    }
}

impl fmt::Display for Scene {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Guest(_) => "guest",
            Self::Node(_) => "node",
        };
        write!(to, "{kind} `{}`", self.name())
    }
}
