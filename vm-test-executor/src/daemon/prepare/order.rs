//! What a lease asks for, once it is decided.

use super::source::Source;
use crate::config::{Guest, Init};
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::machine::Port;

/// A request, with the guest that was decided for it.
#[derive(Debug)]
pub(crate) struct Order<'a> {
    pub(crate) guest: Guest,
    pub(crate) request: &'a LeaseRequest,
    /// What the guest's first process should be.
    pub(super) init: Init,
    pub(super) source: Source,
    /// What makes it a node of a lab, if it is one.
    pub(super) node: Option<OnLab>,
}

impl Order<'_> {
    /// Makes the guest start from the image of this name, which its set-up has made.
    pub(crate) fn start_from(&mut self, image: &str) {
        self.guest.set_up = Some(image.to_owned());
    }
}

/// What an instance needs besides its guest to be a node of a lab.
#[derive(Clone, Debug)]
pub(crate) struct OnLab {
    /// Lines of `/etc/hosts` about the other nodes.
    pub(crate) hosts: String,
    /// Its links, for a VM, which configures them itself.
    pub(crate) ports: Vec<Port>,
}
