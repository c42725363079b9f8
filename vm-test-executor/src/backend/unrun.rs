//! Why a guest did not run, or how it ended.

use vm_test_protocol::failure::Failure;

/// Why a guest did not run, or how it ended.
#[derive(Debug)]
pub struct Unrun {
    /// For people.
    pub failure: Failure,
    /// Whether a VM that was to be saved as a template did not boot, although the host gave it
    /// everything it needs.
    pub is_unbooted: bool,
}

impl From<Failure> for Unrun {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            is_unbooted: false,
        }
    }
}
