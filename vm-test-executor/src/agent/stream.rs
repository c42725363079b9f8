//! The stream to the host: whole messages in both directions. Sending never waits for the host, so that a host that does
//! not take a job's output can still end the job.

use rustix::net::SendFlags;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use vm_test::protocol::agent::{FromAgent, ToAgent};
use vm_test::protocol::frame::{self, FrameBuffer};

/// With so many bytes on their way to the host, the job has to wait with its output.
const MOST_OUTGOING: usize = 1 << 18;

/// The host, at the other end of a stream.
#[derive(Debug)]
pub(super) struct Host {
    stream: UnixStream,
    buffer: FrameBuffer,
    outgoing: Vec<u8>,
    /// Whether the host has closed its end.
    pub(super) gone: bool,
}

impl Host {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            buffer: FrameBuffer::default(),
            outgoing: Vec::new(),
            gone: false,
        }
    }

    pub(super) fn send(&mut self, message: &FromAgent) -> io::Result<()> {
        self.outgoing.extend(frame::encode(message)?);
        self.send_some()
    }

    /// Sends what the host takes at once.
    pub(super) fn send_some(&mut self) -> io::Result<()> {
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        let mut sent = 0;
        while sent < self.outgoing.len() {
            match rustix::net::send(&self.stream, &self.outgoing[sent..], flags) {
                Ok(count) => sent += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => break,
                Err(error) => return Err(error.into()),
            }
        }
        self.outgoing.drain(..sent);
        Ok(())
    }

    /// Whether something waits for the host to take it.
    pub(super) fn is_pending(&self) -> bool {
        !self.outgoing.is_empty()
    }

    /// Whether so much waits for the host that no more should come.
    pub(super) fn is_full(&self) -> bool {
        self.outgoing.len() >= MOST_OUTGOING
    }

    /// Waits until the host has taken everything.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.stream.write_all(&std::mem::take(&mut self.outgoing))
    }

    /// Waits for the next message; `None` when the host is gone.
    pub(super) fn receive(&mut self) -> io::Result<Option<ToAgent>> {
        loop {
            if let Some(message) = self.buffer.pop()? {
                return Ok(Some(message));
            }
            if !self.read_some()? {
                return Ok(None);
            }
        }
    }

    /// Takes in what has arrived; call it when the stream is readable.
    pub(super) fn read_some(&mut self) -> io::Result<bool> {
        let mut bytes = [0; 1 << 14];
        let count = self.stream.read(&mut bytes)?;
        self.buffer.push(&bytes[..count]);
        self.gone |= count == 0;
        Ok(count > 0)
    }

    /// The next message that has arrived whole.
    pub(super) fn next(&mut self) -> io::Result<Option<ToAgent>> {
        self.buffer.pop()
    }

    /// Returns when the host has closed its end.
    pub(super) fn wait_for_end(&mut self) {
        while !self.gone && self.read_some().unwrap_or(false) {}
    }
}

impl AsFd for Host {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
