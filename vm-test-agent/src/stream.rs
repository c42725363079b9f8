//! The stream to the host: whole messages in both directions. Sending never waits for the host, so
//! that a host that does not take a job's output can still end the job.

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use vm_test_protocol::agent::{FromAgent, ToAgent};
use vm_test_protocol::frame::{self, FrameBuffer};

/// With this many bytes waiting to be sent to the host, the job's output is no longer read.
const MOST_OUTGOING: usize = 1 << 18;

/// The host, at the other end of a stream.
#[derive(Debug)]
pub(super) struct Host {
    stream: OwnedFd,
    buffer: FrameBuffer,
    outgoing: Vec<u8>,
    /// Whether the host has closed its end.
    pub(super) gone: bool,
}

impl Host {
    /// Takes a socket, or the port of a VM.
    pub(super) fn new(stream: OwnedFd) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&stream, true)?;
        Ok(Self {
            stream,
            buffer: FrameBuffer::default(),
            outgoing: Vec::new(),
            gone: false,
        })
    }

    pub(super) fn send(&mut self, message: &FromAgent) -> io::Result<()> {
        self.outgoing.extend(frame::encode(message)?);
        self.send_some()
    }

    /// Sends what the host takes at once.
    pub(super) fn send_some(&mut self) -> io::Result<()> {
        let mut sent = 0;
        while sent < self.outgoing.len() {
            match rustix::io::write(&self.stream, &self.outgoing[sent..]) {
                Ok(count) => sent += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.outgoing.drain(..sent);
        Ok(())
    }

    /// Returns whether something waits to be sent.
    pub(super) fn is_pending(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Returns whether so much waits to be sent that no more should be added.
    pub(super) fn is_full(&self) -> bool {
        self.outgoing.len() >= MOST_OUTGOING
    }

    /// Waits until the host has taken everything. Takes what it says meanwhile: it may read nothing
    /// before that.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.send_some()?;
        while self.is_pending() {
            let mut flags = PollFlags::OUT;
            flags.set(PollFlags::IN, !self.gone);
            self.wait_until(flags)?;
            self.send_some()?;
            self.read_some()?;
        }
        Ok(())
    }

    fn wait_until(&self, flags: PollFlags) -> io::Result<()> {
        match poll(&mut [PollFd::new(&self.stream, flags)], None) {
            Ok(_) | Err(Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Reads what has arrived. Call it when the stream is readable.
    pub(super) fn read_some(&mut self) -> io::Result<()> {
        let mut bytes = [0; 1 << 14];
        match rustix::io::read(&self.stream, &mut bytes) {
            Ok(count) => {
                self.buffer.push(&bytes[..count]);
                self.gone |= count == 0;
                Ok(())
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the next complete message.
    pub(super) fn next(&mut self) -> io::Result<Option<ToAgent>> {
        self.buffer.pop()
    }

    /// Waits for the next complete message; returns `None` when the host is gone.
    pub(super) fn wait_for_next(&mut self) -> io::Result<Option<ToAgent>> {
        loop {
            if let Some(message) = self.next()? {
                return Ok(Some(message));
            }
            if self.gone {
                return Ok(None);
            }
            self.wait_until(PollFlags::IN)?;
            self.read_some()?;
        }
    }

    /// Waits until the host has closed its end.
    pub(super) fn wait_for_end(&mut self) {
        while !self.gone {
            let read = self
                .wait_until(PollFlags::IN)
                .and_then(|()| self.read_some());
            self.gone |= read.is_err();
        }
    }
}

impl AsFd for Host {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
