//! A VM that was started ahead of its lease.

use super::super::instance::Instance;
use super::super::prepare::Held;
use super::admission::Admitted;
use std::os::unix::net::UnixStream;
use vm_test_protocol::failure::Failure;

/// A VM that only lacks its lease.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(super) instance: Instance,
    /// The other end of the VM's placeholder stream, whose port must not look closed.
    pub(super) _nobody: UnixStream,
    // Dropped after the VM has ended.
    pub(super) _held: Held,
    /// Its room, unless it is a node of a lab, which has it.
    pub(super) _admitted: Option<Admitted>,
}

impl Spare {
    /// Returns the instance's name.
    pub(super) fn name(&self) -> &str {
        &self.instance.name
    }

    /// Returns whether its keeper runs.
    pub(crate) fn is_alive(&self) -> bool {
        self.instance.is_alive()
    }

    /// Gives the VM the client's stream; the VM writes nothing to it until [`Self::begin`].
    ///
    /// On failure the client has noticed nothing, and the VM is gone.
    pub(super) fn attach(self, stream: &UnixStream) -> Option<Self> {
        self.instance.attach(stream).ok()?;
        Some(self)
    }

    /// Lets the VM begin, once the client knows of its lease.
    pub(super) fn begin(self) -> Result<Instance, Failure> {
        self.instance.begin()?;
        Ok(self.instance)
    }
}

#[cfg(test)]
mod tests;
