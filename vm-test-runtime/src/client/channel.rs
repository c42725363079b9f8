//! One channel of several on a stream to an agent, as a stream of its own. Knows no message of its
//! job.

use super::demultiplexer::{Demultiplexer, Next};
use super::wire::Wire;
use std::io::{self, ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use vm_test_protocol::agent::ToAgent;
use vm_test_protocol::channel::PIECE;

/// What all channels of a stream share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) wire: Arc<Wire>,
    state: Mutex<State>,
    /// Notified when there is one job at a time again, or the stream has ended.
    pub(super) ended: Condvar,
}

/// What has arrived, and whether more can.
#[derive(Debug)]
pub(super) struct State {
    pub(super) arrived: Demultiplexer,
    pub(super) lost: Option<Loss>,
}

/// Why nothing more arrives.
#[derive(Debug)]
pub(super) enum Loss {
    /// The stream has ended.
    Closed,
    /// What came is not what an agent sends.
    Broken(String),
}

impl State {
    fn check(&self) -> io::Result<()> {
        match &self.lost {
            None => Ok(()),
            // As at the end of a stream of its own.
            Some(Loss::Closed) => Err(ErrorKind::ConnectionReset.into()),
            Some(Loss::Broken(why)) => Err(io::Error::new(ErrorKind::InvalidData, why.clone())),
        }
    }
}

impl Shared {
    pub(super) fn new(wire: Arc<Wire>, arrived: Demultiplexer) -> Self {
        let state = State {
            arrived,
            lost: None,
        };
        Self {
            wire,
            state: Mutex::new(state),
            ended: Condvar::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sorts what arrives, until the stream ends or there is one job at a time again.
    ///
    /// Waits for nobody: what a channel's owner does not take is not sent.
    pub(super) fn listen(&self) {
        let mut bytes = vec![0; 1 << 16];
        // What has been read already comes first.
        let mut count = 0;
        let loss = loop {
            let mut state = self.lock();
            if let Err(error) = state.arrived.push(&bytes[..count]) {
                break Loss::Broken(error.to_string());
            }
            if state.arrived.is_single {
                self.ended.notify_all();
                return;
            }
            drop(state);
            count = match (&self.wire.stream).read(&mut bytes) {
                Ok(0) => break Loss::Closed,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => 0,
                // The kernel's error at the end of a stream whose other side had not read
                // everything.
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break Loss::Closed,
                Err(error) => break Loss::Broken(error.to_string()),
            };
        };
        // An agent that breaks the protocol is used no longer.
        self.wire.hang_up();
        let mut state = self.lock();
        state.lost = Some(loss);
        state.arrived.wake_all();
        self.ended.notify_all();
    }

    /// Opens a channel. The agent learns of it by the first message.
    ///
    /// # Errors
    /// If too many are open, or the agent is gone.
    pub(super) fn open(self: &Arc<Self>) -> io::Result<Channel> {
        let mut state = self.lock();
        state.check()?;
        let (number, changed) = state.arrived.open()?;
        Ok(Channel {
            shared: Arc::clone(self),
            number,
            changed,
            is_known: AtomicBool::new(false),
            writing: Mutex::new(()),
        })
    }
}

/// A channel.
#[derive(Debug)]
pub(super) struct Channel {
    shared: Arc<Shared>,
    number: u32,
    /// Notified when something has arrived.
    changed: Arc<Condvar>,
    /// Whether anything was sent.
    is_known: AtomicBool,
    /// Held while a message is sent in pieces.
    writing: Mutex<()>,
}

impl Channel {
    /// Waits for bytes, and returns them; none at the end of the channel.
    ///
    /// # Errors
    /// If the time is up, or the stream has ended or is not an agent's.
    pub(super) fn read(&self, within: Option<Duration>) -> io::Result<Vec<u8>> {
        let limit = within.map(|within| Instant::now() + within);
        let mut state = self.shared.lock();
        let (bytes, taken) = loop {
            match state.arrived.take(self.number) {
                Next::Bytes(bytes, taken) => break (bytes, taken),
                Next::End => return Ok(Vec::new()),
                Next::Nothing => state.check()?,
            }
            state = match limit {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(limit) => {
                    let left = limit.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Err(ErrorKind::TimedOut.into());
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        };
        drop(state);
        if taken > 0 {
            // That it cannot be told shows as the end of the stream.
            let _ = self.shared.wire.send(&ToAgent::Taken {
                channel: self.number,
                bytes: taken,
            });
        }
        Ok(bytes)
    }

    /// Sends bytes, and no others of this channel in between.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        for piece in bytes.chunks(PIECE) {
            self.shared.wire.send(&ToAgent::Channel {
                channel: self.number,
                opens: !self.is_known.swap(true, Ordering::SeqCst),
                bytes: piece.to_vec(),
            })?;
        }
        Ok(())
    }

    /// Ends its job, if that still runs. What it says from now on is dropped.
    pub(super) fn hang_up(&self) {
        let is_known = self.is_known.load(Ordering::SeqCst);
        let mut state = self.shared.lock();
        let must_tell = state.arrived.abandon(self.number, is_known);
        drop(state);
        self.changed.notify_all();
        if must_tell {
            let channel = self.number;
            // If it cannot be told, it is gone.
            let _ = self.shared.wire.send(&ToAgent::Close { channel });
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        self.hang_up();
    }
}
