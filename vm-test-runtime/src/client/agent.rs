//! The stream to the agent of an instance. Sends and receives whole messages; knows no job and no
//! daemon.

use super::channel::Channel;
use super::wire::Wire;
use std::io::{self, ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{FromAgent, ToAgent};
use vm_test_protocol::frame::{self, FrameBuffer};

/// How many reads are made after the time is up: messages that came in time may wait here if this
/// process was stopped.
const LATE_READS: usize = 256;

/// An agent, as its lease's holder has it.
#[derive(Debug)]
pub struct Agent {
    pub(super) line: Line,
    pub(super) buffer: FrameBuffer,
}

/// What messages go over.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// The stream, for one job at a time.
    Wire(Arc<Wire>),
    /// One channel of several.
    Channel(Arc<Channel>),
}

/// A second way to an agent, for other threads.
#[derive(Clone, Debug)]
pub struct Speaker {
    line: Line,
}

impl Line {
    fn send(&self, message: &ToAgent) -> io::Result<()> {
        match self {
            Self::Wire(wire) => wire.send(message),
            Self::Channel(channel) => channel.write(&frame::encode(message)?),
        }
    }

    /// Reads into the buffer; returns how many bytes came, none at the end.
    fn read(&self, buffer: &mut FrameBuffer, within: Option<Duration>) -> io::Result<usize> {
        match self {
            Self::Wire(wire) => {
                let mut bytes = [0; 1 << 14];
                wire.stream.set_read_timeout(within)?;
                let count = (&wire.stream).read(&mut bytes)?;
                buffer.push(&bytes[..count]);
                Ok(count)
            }
            Self::Channel(channel) => {
                let bytes = channel.read(within)?;
                buffer.push(&bytes);
                Ok(bytes.len())
            }
        }
    }

    fn hang_up(&self) {
        match self {
            Self::Wire(wire) => wire.hang_up(),
            Self::Channel(channel) => channel.hang_up(),
        }
    }
}

impl Speaker {
    /// Sends a message to the agent.
    ///
    /// # Errors
    /// If the instance is gone.
    pub fn send(&self, message: &ToAgent) -> io::Result<()> {
        self.line.send(message)
    }

    /// Closes the stream at once, for all of its handles.
    pub fn hang_up(&self) {
        self.line.hang_up();
    }
}

impl Agent {
    /// The agent at the other end of this stream, of which so much has been read already.
    pub(crate) fn new(stream: UnixStream, buffer: FrameBuffer) -> Self {
        Self {
            line: Line::Wire(Arc::new(Wire::new(stream))),
            buffer,
        }
    }

    /// Sends a message to the agent.
    ///
    /// # Errors
    /// If the instance is gone.
    pub fn send(&self, message: &ToAgent) -> io::Result<()> {
        self.line.send(message)
    }

    /// Returns a second way to the agent, for other threads. Only when it is dropped, too, the lease
    /// ends.
    ///
    /// # Errors
    /// If the stream cannot be limited in how long it blocks.
    pub fn speaker(&self) -> io::Result<Speaker> {
        if let Line::Wire(wire) = &self.line {
            wire.lose_patience()?;
        }
        Ok(Speaker {
            line: self.line.clone(),
        })
    }

    /// Receives a message from the agent; `None` at the end of the stream.
    ///
    /// # Errors
    /// If the time is up, or the agent's message is invalid.
    pub fn receive(&mut self, within: Option<Duration>) -> io::Result<Option<FromAgent>> {
        // For the whole message: a guest that sends it byte by byte must not get this long for each
        // byte.
        let limit = within.map(|within| Instant::now() + within);
        let mut late = 0;
        loop {
            if let Some(message) = self.buffer.pop()? {
                return Ok(Some(message));
            }
            let mut left = limit.map(|limit| limit.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                late += 1;
                if late > LATE_READS {
                    return Err(ErrorKind::TimedOut.into());
                }
                left = Some(Duration::from_millis(1));
            }
            match self.line.read(&mut self.buffer, left) {
                Ok(0) if self.buffer.is_empty() => return Ok(None),
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // The kernel's error at the end of a stream whose other side had not read
                // everything.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// A second end of the stream, for another thread to send with. Only when it is closed, too,
    /// the lease ends.
    ///
    /// # Errors
    /// If this process may open no more descriptors, or this is one channel of several.
    pub fn sender(&self) -> io::Result<UnixStream> {
        match &self.line {
            Line::Wire(wire) => wire.stream.try_clone(),
            Line::Channel(_) => Err(io::Error::other("other jobs share its stream")),
        }
    }

    /// Ends its channel, if it is one of several.
    pub(super) fn end_channel(&self) {
        if let Line::Channel(channel) = &self.line {
            channel.hang_up();
        }
    }

    /// Ends the stream at once, whoever else has an end of it.
    pub(super) fn hang_up(&self) {
        self.line.hang_up();
    }
}
