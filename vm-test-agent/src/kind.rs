//! What kind of guest the agent is in, as its environment says.

use vm_test_protocol::machine::ENV_MACHINE;

/// Returns whether this guest is a VM.
pub(super) fn is_vm() -> bool {
    std::env::var_os(ENV_MACHINE).is_some()
}
