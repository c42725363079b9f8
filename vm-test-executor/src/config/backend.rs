//! What runs a guest: liblxc or QEMU.

use serde::{Deserialize, Serialize};

/// What runs a guest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Backend {
    /// A container.
    Lxc,
    /// A VM.
    Kvm,
}

impl Backend {
    /// Returns the backend with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "lxc" => Some(Self::Lxc),
            "kvm" => Some(Self::Kvm),
            _ => None,
        }
    }

    /// Returns its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Lxc => "lxc",
            Self::Kvm => "kvm",
        }
    }
}
