//! How a guest is refused.

use crate::config::Guest;
use vm_test_protocol::failure::Failure;

/// Returns the failure that the guest cannot start, for this cause.
pub(in super::super) fn cannot(guest: &Guest, cause: &str) -> Failure {
    Failure::new(format!("cannot start guest `{}`: {cause}", guest.name))
}
