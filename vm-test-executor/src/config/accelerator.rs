//! What executes the instructions of a VM, as a setting. Does not check what the host supports.

use serde::{Deserialize, Serialize};

/// What executes the instructions of a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Accelerator {
    /// The processor where that is proved to work, else QEMU's translator.
    Auto,
    /// The processor, or nothing.
    Kvm,
    /// QEMU's translator.
    Tcg,
}

impl Accelerator {
    /// The choice of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "auto" => Some(Self::Auto),
            "kvm" => Some(Self::Kvm),
            "tcg" => Some(Self::Tcg),
            _ => None,
        }
    }
}
