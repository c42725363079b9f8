//! The keeper's side of the handover of a spare VM: waits for its lease.

use super::handed::unexpected;
use super::messages::{KeeperReport, ToKeeper};
use crate::backend::kvm::Lease;
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use vm_test_protocol::frame;
use vm_test_sys::handover;

/// The daemon, which grants leases.
#[derive(Debug)]
pub(super) struct Daemon {
    control: UnixStream,
}

impl Daemon {
    pub(super) fn new(control: &UnixStream) -> io::Result<Self> {
        Ok(Self {
            control: control.try_clone()?,
        })
    }

    /// Reads the daemon's next message, which can only be this one.
    fn hear(&self, expected: &ToKeeper) -> io::Result<()> {
        match frame::read(&self.control)? {
            Some(message) if message == *expected => Ok(()),
            Some(other) => Err(unexpected(&other)),
            None => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Lease for Daemon {
    fn stream(&self, machine: BorrowedFd<'_>) -> io::Result<Option<OwnedFd>> {
        frame::write(&self.control, &KeeperReport::Prepared)?;
        loop {
            let mut fds = [
                PollFd::new(&self.control, PollFlags::IN),
                PollFd::from_borrowed_fd(machine, PollFlags::RDHUP),
            ];
            match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => continue,
                done => done?,
            };
            let [leased, ended] = [0, 1].map(|index| !fds[index].revents().is_empty());
            if ended {
                return Ok(None);
            }
            if leased {
                self.hear(&ToKeeper::Stream)?;
                return handover::receive(&self.control).map(Some);
            }
        }
    }

    fn await_grant(&self) -> io::Result<()> {
        frame::write(&self.control, &KeeperReport::Attached)?;
        self.hear(&ToKeeper::Begin)
    }
}
