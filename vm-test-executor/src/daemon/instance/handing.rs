//! How a spare gets the stream of its lease. Between the daemon and the keeper of a VM: the VM is
//! prepared, here is its stream, the stream is connected, begin. Between the daemon and the agent of
//! a container: it is there, here is its stream.

use super::instance::Instance;
use crate::keeper::{KeeperReport, ToKeeper};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;
use vm_test_protocol::AHEAD;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::handover;

/// How long a keeper may take to answer when it waits for nothing else.
const ANSWER: Duration = Duration::from_secs(5);

impl Instance {
    /// Waits until the VM only lacks its lease, for at most `limit` and until the daemon stops.
    pub(crate) fn await_prepared(&self, stop: &OwnedFd, limit: Duration) -> Result<(), Failure> {
        if !has_spoken(self.control.as_fd(), stop, limit) {
            return Err(self.not_handed(&"it was not prepared"));
        }
        self.hear(&KeeperReport::Prepared)
    }

    /// Gives the VM its stream, and waits until it has it.
    pub(crate) fn attach(&self, stream: &UnixStream) -> Result<(), Failure> {
        let stream = stream.try_clone().map(OwnedFd::from);
        stream
            .and_then(|stream| {
                frame::write(&self.control, &ToKeeper::Stream)?;
                handover::send(&self.control, &stream)
            })
            .map_err(|error| self.not_handed(&error))?;
        self.hear(&KeeperReport::Attached)
    }

    /// Waits until the agent of a container says that it only lacks its lease, for at most `limit` and
    /// until the daemon stops.
    pub(crate) fn await_agent_ahead(
        &self,
        mut agent: &UnixStream,
        stop: &OwnedFd,
        limit: Duration,
    ) -> Result<(), Failure> {
        if !has_spoken(agent.as_fd(), stop, limit) {
            return Err(self.not_handed(&"it was not prepared"));
        }
        let mut said = [0; AHEAD.len()];
        match agent.read_exact(&mut said) {
            Ok(()) if said == *AHEAD => Ok(()),
            Ok(()) => Err(self.not_handed(&"its agent says something else than that it is there")),
            // Its keeper knows why the agent is gone.
            Err(error) => match self.control_says() {
                Some(KeeperReport::Failed(failure)) => Err(failure),
                _ => Err(self.not_handed(&error)),
            },
        }
    }

    /// Hands the stream to the agent of a container that waits for it.
    pub(crate) fn hand_stream(
        &self,
        agent: &UnixStream,
        stream: Option<&OwnedFd>,
    ) -> Result<(), Failure> {
        let stream = stream.ok_or_else(|| self.not_handed(&"it has no stream"))?;
        handover::send(agent, stream).map_err(|error| self.not_handed(&error))
    }

    /// Lets the VM write to its stream.
    pub(crate) fn begin(&self) -> Result<(), Failure> {
        frame::write(&self.control, &ToKeeper::Begin).map_err(|error| self.not_handed(&error))
    }

    /// Returns whether its keeper runs.
    pub(crate) fn is_alive(&self) -> bool {
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        matches!(poll(&mut fds, Some(&now)), Ok(0))
    }

    /// Returns the keeper's next report, if it comes in time.
    fn control_says(&self) -> Option<KeeperReport> {
        self.heard().ok().flatten()
    }

    fn heard(&self) -> io::Result<Option<KeeperReport>> {
        self.control.set_read_timeout(Some(ANSWER))?;
        frame::read(&self.control)
    }

    fn hear(&self, expected: &KeeperReport) -> Result<(), Failure> {
        match self.heard() {
            Ok(Some(report)) if report == *expected => Ok(()),
            Ok(Some(KeeperReport::Failed(failure))) => Err(failure),
            Ok(other) => Err(self.not_handed(&format!("its keeper says {other:?}"))),
            Err(error) => Err(self.not_handed(&error)),
        }
    }

    fn not_handed(&self, cause: &dyn std::fmt::Display) -> Failure {
        Failure::new(format!(
            "cannot start instance {} of guest `{}`: {cause}",
            self.name, self.guest
        ))
    }
}

/// Returns whether something can be read there before the daemon stops, within `limit`.
fn has_spoken(socket: BorrowedFd<'_>, stop: &OwnedFd, limit: Duration) -> bool {
    let limit = Timespec::try_from(limit).ok();
    let mut fds = [
        PollFd::from_borrowed_fd(socket, PollFlags::IN),
        PollFd::new(stop, PollFlags::IN),
    ];
    loop {
        match poll(&mut fds, limit.as_ref()) {
            Err(rustix::io::Errno::INTR) => {}
            _ => return !fds[0].revents().is_empty() && fds[1].revents().is_empty(),
        }
    }
}

#[cfg(test)]
mod tests;
