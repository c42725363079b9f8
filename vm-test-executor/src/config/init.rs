//! What a guest's first process is. Only names the choices.

use serde::{Deserialize, Serialize};

/// What a guest's first process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Init {
    /// Our agent.
    Agent,
    /// The image's own init, with our agent beside it.
    System,
}

impl Init {
    /// Returns the choice with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "agent" => Some(Self::Agent),
            "system" => Some(Self::System),
            _ => None,
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::System => "system",
        }
    }
}
