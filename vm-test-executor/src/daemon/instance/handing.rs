//! The handover protocol between the daemon and the keeper of a spare VM: the VM is prepared, here
//! is its stream, the stream is connected, begin.

use super::instance::Instance;
use crate::keeper::{KeeperReport, ToKeeper};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::handover;

/// How long a keeper may take to answer when it waits for nothing else.
const ANSWER: Duration = Duration::from_secs(5);

impl Instance {
    /// Waits until the VM only lacks its lease, for at most `limit` and until the daemon stops.
    pub(crate) fn await_prepared(&self, stop: &OwnedFd, limit: Duration) -> Result<(), Failure> {
        let limit = Timespec::try_from(limit).ok();
        let mut fds = [
            PollFd::new(&self.control, PollFlags::IN),
            PollFd::new(stop, PollFlags::IN),
        ];
        let has_spoken = loop {
            match poll(&mut fds, limit.as_ref()) {
                Err(rustix::io::Errno::INTR) => {}
                _ => break !fds[0].revents().is_empty() && fds[1].revents().is_empty(),
            }
        };
        if !has_spoken {
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

    fn hear(&self, expected: &KeeperReport) -> Result<(), Failure> {
        let heard: io::Result<Option<KeeperReport>> = self
            .control
            .set_read_timeout(Some(ANSWER))
            .and_then(|()| frame::read(&self.control));
        match heard {
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

#[cfg(test)]
mod tests;
