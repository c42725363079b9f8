//! What a lease asks for, once it is decided.

use super::source::Source;
use crate::config::{Guest, Init};
use vm_test_protocol::daemon::LeaseRequest;

/// One guest for one request.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) guest: Guest,
    pub(crate) request: &'a LeaseRequest,
    /// What the first process of the guest is to be.
    pub(super) init: Init,
    pub(super) source: Source,
}
