//! What executes the instructions of a VM, as a setting. Does not check what the host supports.

use serde::{Deserialize, Serialize};

/// What executes the instructions of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accelerator {
    /// The processor, if it is proved to work, otherwise QEMU's translator.
    Auto,
    /// The processor only.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl Accelerator {
    /// Returns the choice with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "kvm" => Some(Self::Kvm),
            "tcg" => Some(Self::Tcg),
            _ => None,
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Kvm => "kvm",
            Self::Tcg => "tcg",
        }
    }
}
