//! The stream to the host: whole messages in both directions.

use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use vm_test::protocol::agent::{FromAgent, ToAgent};
use vm_test::protocol::frame::{self, FrameBuffer};

/// The host, at the other end of a stream.
#[derive(Debug)]
pub(super) struct Host {
    stream: UnixStream,
    buffer: FrameBuffer,
    /// Whether the host has closed its end.
    pub(super) gone: bool,
}

impl Host {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            buffer: FrameBuffer::default(),
            gone: false,
        }
    }

    pub(super) fn send(&mut self, message: &FromAgent) -> io::Result<()> {
        frame::write(&self.stream, message)
    }

    /// Waits for the next message; `None` when the host is gone.
    pub(super) fn receive(&mut self) -> io::Result<Option<ToAgent>> {
        loop {
            if let Some(message) = self.buffer.next()? {
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
        self.buffer.next()
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
