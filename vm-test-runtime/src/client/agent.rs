//! The stream to the agent of an instance. Sends and receives whole messages; knows no job and no
//! daemon.

use super::is_timeout;
use std::io::{self, Read};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{FromAgent, ToAgent};
use vm_test_protocol::frame::{self, FrameBuffer};

/// How many reads are made after the time is up: messages that came in time may wait here if this
/// process was stopped.
const LATE_READS: usize = 256;

/// How long an agent that has a speaker may leave a message unread. Afterwards the stream ends: a
/// guest that asks but does not listen must not hold up the thread that keeps its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// An agent, as its lease's holder has it.
#[derive(Debug)]
pub struct Agent {
    pub(super) stream: UnixStream,
    buffer: FrameBuffer,
    writing: Writing,
}

/// Held while a message is written: one that is written in pieces is not interrupted by another.
type Writing = Arc<Mutex<()>>;

/// A second way to an agent, for other threads.
#[derive(Clone, Debug)]
pub struct Speaker {
    stream: Arc<UnixStream>,
    writing: Writing,
}

impl Speaker {
    /// Sends a message to the agent.
    ///
    /// # Errors
    /// If the instance is gone.
    pub fn send(&self, message: &ToAgent) -> io::Result<()> {
        let _writing = self.writing.lock();
        write(&self.stream, message)
    }

    /// Closes the stream at once, for all of its handles.
    pub fn hang_up(&self) {
        // If the daemon is gone, so is the instance.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Agent {
    /// The agent at the other end of this stream, of which so much has been read already.
    pub(crate) fn new(stream: UnixStream, buffer: FrameBuffer) -> Self {
        Self {
            stream,
            buffer,
            writing: Writing::default(),
        }
    }

    /// Sends a message to the agent.
    ///
    /// # Errors
    /// If the instance is gone.
    pub fn send(&self, message: &ToAgent) -> io::Result<()> {
        let _writing = self.writing.lock();
        write(&self.stream, message)
    }

    /// Returns a second way to the agent, for other threads. Only when it is dropped, too, the lease
    /// ends.
    ///
    /// # Errors
    /// If this process may open no more descriptors.
    pub fn speaker(&self) -> io::Result<Speaker> {
        self.stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Speaker {
            stream: Arc::new(self.stream.try_clone()?),
            writing: Arc::clone(&self.writing),
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
        let mut bytes = [0; 1 << 14];
        loop {
            if let Some(message) = self.buffer.pop()? {
                return Ok(Some(message));
            }
            let mut left = limit.map(|limit| limit.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                late += 1;
                if late > LATE_READS {
                    return Err(io::ErrorKind::TimedOut.into());
                }
                left = Some(Duration::from_millis(1));
            }
            self.stream.set_read_timeout(left)?;
            match self.stream.read(&mut bytes) {
                Ok(0) if self.buffer.is_empty() => return Ok(None),
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.buffer.push(&bytes[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The kernel's error at the end of a stream whose other side had not read
                // everything.
                Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(None),
                Err(error) => return Err(error),
            }
        }
    }

    /// A second end of the stream, for another thread to send with. Only when it is closed, too,
    /// the lease ends.
    ///
    /// # Errors
    /// If this process may open no more descriptors.
    pub fn sender(&self) -> io::Result<UnixStream> {
        self.stream.try_clone()
    }

    /// Ends the stream at once, whoever else has an end of it.
    pub(super) fn hang_up(&self) {
        // If the daemon is gone, so is the instance.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

/// Writes a message. A part of one that is not taken in time may have been sent: the stream ends.
fn write(stream: &UnixStream, message: &ToAgent) -> io::Result<()> {
    let written = frame::write(stream, message);
    if written.as_ref().is_err_and(is_timeout) {
        let _ = stream.shutdown(Shutdown::Both);
    }
    written
}
