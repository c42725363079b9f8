//! What a lease asks for, once it is decided.

use super::source::Source;
use crate::config::{Guest, Init};
use vm_test_protocol::daemon::LeaseRequest;

/// A request, with the guest that was decided for it.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) guest: Guest,
    pub(crate) request: &'a LeaseRequest,
    /// What the guest's first process should be.
    pub(super) init: Init,
    pub(super) source: Source,
    /// For a node of a lab: lines of `/etc/hosts` about the other nodes.
    pub(super) hosts: Option<String>,
}
