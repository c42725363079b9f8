//! Several jobs at a time in one instance: each on a channel, which is an agent of its own to whoever
//! has it. One thread reads for all. Knows no job.

use super::agent::{Agent, Line};
use super::channel::Shared;
use super::demultiplexer::Demultiplexer;
use std::io;
use std::sync::{Arc, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::{Duration, Instant};
use vm_test_protocol::agent::ToAgent;
use vm_test_protocol::frame::{self, FrameBuffer};

/// How long jobs that nobody waits for may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How often to look whether they have.
const GLANCE: Duration = Duration::from_millis(5);

/// The channels to the agent of an instance. When they are dropped, the instance ends.
#[derive(Debug)]
pub struct Channels {
    shared: Arc<Shared>,
    reader: Option<JoinHandle<()>>,
}

impl Channels {
    /// Has an agent that has said hello, and has no job, run several at a time. The handle becomes
    /// that of the first channel.
    ///
    /// # Errors
    /// If the instance is gone, or this process may have no more threads.
    pub fn over(agent: &mut Agent) -> io::Result<Self> {
        let Line::Wire(wire) = &agent.line else {
            return Err(io::Error::other("this is a channel already"));
        };
        let wire = Arc::clone(wire);
        wire.stream.set_read_timeout(None)?;
        wire.lose_patience()?;
        wire.send(&ToAgent::Multiplex)?;
        let arrived = Demultiplexer::new(std::mem::take(&mut agent.buffer));
        let shared = Arc::new(Shared::new(wire, arrived));
        agent.line = Line::Channel(Arc::new(shared.open()?));
        let listening = Arc::clone(&shared);
        let reader = Builder::new().spawn(move || listening.listen())?;
        Ok(Self {
            shared,
            reader: Some(reader),
        })
    }

    /// Opens a channel for one job.
    ///
    /// # Errors
    /// If too many are open, or the instance is gone.
    pub fn open(&self) -> io::Result<Agent> {
        let channel = self.shared.open()?;
        Ok(Agent {
            line: Line::Channel(Arc::new(channel)),
            buffer: FrameBuffer::default(),
        })
    }

    /// Ends the instance at once, with all its jobs.
    pub fn hang_up(&self) {
        self.shared.wire.hang_up();
    }

    /// Returns whether no job runs.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.shared.lock().arrived.is_idle()
    }

    /// Ends all jobs, and returns the agent with one job at a time again.
    ///
    /// # Errors
    /// If the jobs do not end, or the instance is gone.
    pub fn end(mut self) -> io::Result<Agent> {
        // A job that is told to end says how it ended, and may be stopped instead of killed.
        let word = frame::encode(&ToAgent::End)?;
        let running = self.shared.lock().arrived.awaited();
        for channel in running {
            self.shared.wire.send(&ToAgent::Channel {
                channel,
                opens: false,
                bytes: word.clone(),
            })?;
        }
        let limit = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while state.lost.is_none() && !state.arrived.is_idle() && Instant::now() < limit {
            let waited = self.shared.ended.wait_timeout(state, GLANCE);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.arrived.ends = true;
        let closing = state.arrived.abandon_all();
        drop(state);
        for channel in closing {
            self.shared.wire.send(&ToAgent::Close { channel })?;
        }
        self.shared.wire.send(&ToAgent::Single)?;
        let limit = Instant::now() + PATIENCE;
        let mut state = self.shared.lock();
        while state.lost.is_none() && !state.arrived.is_single {
            let left = limit.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::ErrorKind::TimedOut.into());
            }
            let waited = self.shared.ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let is_single = state.arrived.is_single;
        drop(state);
        self.join();
        if !is_single {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let wire = Arc::clone(&self.shared.wire);
        Ok(Agent {
            line: Line::Wire(wire),
            buffer: FrameBuffer::default(),
        })
    }

    fn join(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Channels {
    fn drop(&mut self) {
        if self.reader.is_some() {
            self.hang_up();
            self.join();
        }
    }
}

#[cfg(test)]
mod tests;
