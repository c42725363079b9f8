//! An instance that was started ahead of its lease.

use super::super::instance::Instance;
use super::super::prepare::Held;
use super::admission::Admitted;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use vm_test_protocol::failure::Failure;

/// An instance that only lacks its lease.
#[derive(Debug)]
pub(crate) struct Spare {
    pub(super) instance: Instance,
    pub(super) way: Way,
    // Dropped after the instance has ended.
    pub(super) _held: Held,
    /// Its room, unless it is a node of a lab, which has it.
    pub(super) _admitted: Option<Admitted>,
}

/// How the client's stream gets to the agent.
#[derive(Debug)]
pub(super) enum Way {
    /// Through the keeper, which connects it to a port of the VM.
    Keeper {
        /// The other end of the VM's placeholder stream, whose port must not look closed.
        _nobody: UnixStream,
    },
    /// Directly.
    Agent {
        /// The agent of a container, which waits for it.
        agent: UnixStream,
        /// What it gets once the client knows of its lease.
        stream: Option<OwnedFd>,
    },
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

    /// Gives the instance the client's stream; nothing is written to it until [`Self::begin`].
    ///
    /// On failure the client has noticed nothing, and the instance is gone.
    pub(super) fn attach(mut self, client: &UnixStream) -> Option<Self> {
        match &mut self.way {
            Way::Keeper { .. } => self.instance.attach(client).ok()?,
            Way::Agent { stream, .. } => *stream = Some(client.try_clone().ok()?.into()),
        }
        Some(self)
    }

    /// Lets the instance begin, once the client knows of its lease.
    pub(super) fn begin(self) -> Result<Instance, Failure> {
        match &self.way {
            Way::Keeper { .. } => self.instance.begin()?,
            Way::Agent { agent, stream } => self.instance.hand_stream(agent, stream.as_ref())?,
        }
        Ok(self.instance)
    }
}

#[cfg(test)]
mod tests;
