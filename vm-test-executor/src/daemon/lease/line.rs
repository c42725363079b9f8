//! The connection on which the keeper of a node's VM takes orders. Sends and receives; knows no
//! lab.

use crate::backend::kvm::{MachineAnswer, MachineOrder};
use crate::keeper::Descriptor;
use rustix::event::{PollFd, PollFlags, poll};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::handover;

/// The daemon's end.
#[derive(Debug)]
pub(super) struct Line {
    stream: UnixStream,
}

impl Line {
    /// Returns a line, and its other end for the keeper.
    pub(super) fn new() -> io::Result<(Self, (Descriptor, OwnedFd))> {
        let (stream, theirs) = UnixStream::pair()?;
        Ok((Self { stream }, (Descriptor::Orders, theirs.into())))
    }

    /// Sends an order, with the descriptors that it needs.
    pub(super) fn send(&self, order: &MachineOrder, files: &[OwnedFd]) -> Result<(), Failure> {
        let sent = frame::write(&self.stream, order);
        let sent = sent.and_then(|()| {
            let mut files = files.iter();
            files.try_for_each(|file| handover::send(&self.stream, file))
        });
        sent.map_err(|error| silent(&error))
    }

    /// Waits for an answer.
    pub(super) fn hear(&self, limit: Duration) -> Result<MachineAnswer, Failure> {
        let heard = self
            .stream
            .set_read_timeout(Some(limit))
            .and_then(|()| frame::read(&self.stream));
        match heard {
            Ok(Some(MachineAnswer::Failed(failure))) => Err(failure),
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(Failure::new("its VM has ended")),
            Err(error) => Err(silent(&error)),
        }
    }

    /// Sends an order, and waits until it has been carried out.
    pub(super) fn order(&self, order: &MachineOrder, limit: Duration) -> Result<(), Failure> {
        self.send(order, &[])?;
        match self.hear(limit)? {
            MachineAnswer::Done => Ok(()),
            other => Err(not_understood(&other)),
        }
    }

    /// Waits for what the keeper says without an order; returns `None` if the client is gone, the
    /// daemon stops, or the keeper ends.
    pub(super) fn next(&self, client: &UnixStream, stop: &OwnedFd) -> Option<MachineAnswer> {
        let mut fds = [
            PollFd::new(&self.stream, PollFlags::IN),
            PollFd::new(client, PollFlags::RDHUP),
            PollFd::new(stop, PollFlags::IN),
        ];
        while let Err(rustix::io::Errno::INTR) = poll(&mut fds, None) {}
        let [said, gone, stops] = [0, 1, 2].map(|index: usize| !fds[index].revents().is_empty());
        if gone || stops || !said {
            return None;
        }
        frame::read(&self.stream).ok().flatten()
    }
}

fn silent(error: &io::Error) -> Failure {
    Failure::new(format!("its keeper does not answer: {error}"))
}

/// The failure that an answer belongs to no order.
pub(super) fn not_understood(answer: &MachineAnswer) -> Failure {
    Failure::new(format!("its keeper answers {answer:?}"))
}
