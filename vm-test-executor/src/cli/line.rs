//! The line to the agent, which several threads write to.

use crate::sync;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use vm_test_protocol::agent::ToAgent;
use vm_test_protocol::frame;
use vm_test_runtime::client::Lease;

/// The connection to the agent, shared by all threads that send something.
#[derive(Debug)]
pub(super) struct Line {
    stream: Mutex<UnixStream>,
    /// For closing the connection while another thread writes.
    end: UnixStream,
    pub(super) hung_up: AtomicBool,
    pub(super) told_to_end: AtomicBool,
}

impl Line {
    pub(super) fn new(lease: &Lease) -> std::io::Result<Self> {
        Ok(Self {
            stream: Mutex::new(lease.agent.sender()?),
            end: lease.agent.sender()?,
            hung_up: AtomicBool::new(false),
            told_to_end: AtomicBool::new(false),
        })
    }

    /// Sends a message to the agent.
    ///
    /// An error is ignored here: the reader learns that the agent is gone.
    pub(super) fn send(&self, message: &ToAgent) {
        let stream = sync::lock(&self.stream);
        let _ = frame::write(&*stream, message);
    }

    /// Asks for the job's end, as if its time were up; returns false if that was asked for before.
    ///
    /// The thread that follows the job tells its agent.
    pub(super) fn end_job(&self) -> bool {
        !self.told_to_end.swap(true, Ordering::SeqCst)
    }

    /// Gives the instance up, because the user's terminal is gone.
    pub(super) fn hang_up(&self) {
        self.hung_up.store(true, Ordering::SeqCst);
        let _ = self.end.shutdown(Shutdown::Both);
    }
}
