//! A stream that any number of threads send whole messages over. Reads nothing.

use super::is_timeout;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use vm_test_protocol::agent::ToAgent;
use vm_test_protocol::frame;

/// How long an agent may leave a message unread whose sender has other duties. Afterwards the stream
/// ends: a guest that asks but does not listen must not hold up the thread that keeps its time.
const PATIENCE: Duration = Duration::from_secs(60);

/// The sending side of a stream to an agent.
#[derive(Debug)]
pub(super) struct Wire {
    pub(super) stream: UnixStream,
    /// Held while a message is written: one that is written in pieces is not interrupted by another.
    writing: Mutex<()>,
}

impl Wire {
    pub(super) fn new(stream: UnixStream) -> Self {
        Self {
            stream,
            writing: Mutex::new(()),
        }
    }

    /// Sends a message. A part of one that is not taken in time may have been sent: the stream ends.
    pub(super) fn send(&self, message: &ToAgent) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = frame::write(&self.stream, message);
        if written.as_ref().is_err_and(is_timeout) {
            self.hang_up();
        }
        written
    }

    /// Limits how long a message may be left unread.
    pub(super) fn lose_patience(&self) -> io::Result<()> {
        self.stream.set_write_timeout(Some(PATIENCE))
    }

    /// Ends the stream at once, whoever else has it.
    pub(super) fn hang_up(&self) {
        // If the daemon is gone, so is the instance.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}
