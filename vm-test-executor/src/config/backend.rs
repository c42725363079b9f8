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
