//! Sorts what an agent sends by channel, and keeps it until it is taken. Believes no number that it
//! is sent, and keeps no more of each channel than its window. Reads no stream itself.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Condvar};
use vm_test_protocol::agent::FromAgent;
use vm_test_protocol::channel::{MOST_CHANNELS, WINDOW};
use vm_test_protocol::frame::FrameBuffer;

/// How much of a message is shown that no agent sends.
const LONGEST: usize = 100;

/// What has come over one stream.
#[derive(Debug)]
pub(super) struct Demultiplexer {
    buffer: FrameBuffer,
    queues: BTreeMap<u32, Queue>,
    /// The highest number so far.
    newest: u32,
    /// Whether there is to be one job at a time again.
    pub(super) ends: bool,
    /// Whether there is.
    pub(super) is_single: bool,
}

/// What has come over a channel.
#[derive(Debug, Default)]
struct Queue {
    bytes: Vec<u8>,
    /// How many bytes may have been sent that were not taken.
    used: usize,
    /// How many bytes were taken that the agent was not told of.
    taken: usize,
    /// Whether nothing more comes.
    is_over: bool,
    /// Whether nobody takes anything any more.
    is_abandoned: bool,
    changed: Arc<Condvar>,
}

/// What is next on a channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// These bytes. The agent is to be told that so many bytes were taken, unless there are none.
    Bytes(Vec<u8>, u32),
    Nothing,
    End,
}

impl Demultiplexer {
    /// Begins with what has been read from the stream already.
    pub(super) fn new(buffer: FrameBuffer) -> Self {
        Self {
            buffer,
            queues: BTreeMap::new(),
            newest: 0,
            ends: false,
            is_single: false,
        }
    }

    /// Opens a channel; returns its number, and what is notified when something comes.
    ///
    /// # Errors
    /// If too many are open.
    pub(super) fn open(&mut self) -> io::Result<(u32, Arc<Condvar>)> {
        if self.queues.len() >= MOST_CHANNELS {
            let words = format!("{MOST_CHANNELS} things run on the node already");
            return Err(io::Error::other(words));
        }
        let spent = || io::Error::other("all numbers of channels were used");
        self.newest = self.newest.checked_add(1).ok_or_else(spent)?;
        let queue = Queue::default();
        let changed = Arc::clone(&queue.changed);
        self.queues.insert(self.newest, queue);
        Ok((self.newest, changed))
    }

    /// Takes bytes of the stream.
    ///
    /// # Errors
    /// If they are not what an agent sends.
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.push(bytes);
        while let Some(message) = self.buffer.pop()? {
            self.sort(message).map_err(|what| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("protocol error: {what}"),
                )
            })?;
        }
        Ok(())
    }

    fn sort(&mut self, message: FromAgent) -> Result<(), String> {
        if self.is_single {
            return Err("a message after the last channel".to_owned());
        }
        match message {
            FromAgent::Channel { channel, bytes } => {
                let queue = self.queues.get_mut(&channel).filter(|queue| !queue.is_over);
                let queue = queue.ok_or("bytes of a channel that is not open")?;
                queue.used += bytes.len();
                if queue.used > WINDOW {
                    return Err("more bytes of a channel than it may send".to_owned());
                }
                if !queue.is_abandoned {
                    queue.bytes.extend(bytes);
                    queue.changed.notify_all();
                }
            }
            FromAgent::Closed { channel } => {
                let queue = self.queues.get_mut(&channel).filter(|queue| !queue.is_over);
                let queue = queue.ok_or("the end of a channel that is not open")?;
                queue.is_over = true;
                queue.changed.notify_all();
                if queue.is_abandoned {
                    self.queues.remove(&channel);
                }
            }
            FromAgent::Single if self.ends && self.queues.is_empty() => self.is_single = true,
            FromAgent::Hello { .. } => return Err("the guest was restarted".to_owned()),
            other => {
                let shown: String = format!("{other:?}").chars().take(LONGEST).collect();
                return Err(format!("a message outside of all channels: {shown}"));
            }
        }
        Ok(())
    }

    /// Takes what has come over a channel.
    pub(super) fn take(&mut self, channel: u32) -> Next {
        let Some(queue) = self.queues.get_mut(&channel) else {
            return Next::End;
        };
        if queue.bytes.is_empty() {
            return if queue.is_over || queue.is_abandoned {
                Next::End
            } else {
                Next::Nothing
            };
        }
        let bytes = std::mem::take(&mut queue.bytes);
        queue.taken += bytes.len();
        let mut told = 0;
        if queue.taken >= WINDOW / 2 && !queue.is_over {
            told = std::mem::take(&mut queue.taken);
            queue.used -= told;
        }
        Next::Bytes(bytes, u32::try_from(told).unwrap_or(u32::MAX))
    }

    /// Notes that nobody takes anything from a channel any more; returns whether the agent must be
    /// told. `is_known` tells whether the agent knows the channel.
    pub(super) fn abandon(&mut self, channel: u32, is_known: bool) -> bool {
        let Some(queue) = self.queues.get_mut(&channel) else {
            return false;
        };
        queue.bytes = Vec::new();
        queue.is_abandoned = true;
        if is_known && !queue.is_over {
            return true;
        }
        self.queues.remove(&channel);
        false
    }

    /// Returns the channels of jobs that have not ended, and that somebody waits for.
    pub(super) fn awaited(&self) -> Vec<u32> {
        let queues = self.queues.iter();
        let awaited = queues.filter(|(_, queue)| !queue.is_over && !queue.is_abandoned);
        awaited.map(|(channel, _)| *channel).collect()
    }

    /// Returns whether nobody waits for a job that has not ended.
    pub(super) fn is_idle(&self) -> bool {
        self.awaited().is_empty()
    }

    /// Notes that nobody takes anything any more; returns the channels of which the agent must be
    /// told.
    pub(super) fn abandon_all(&mut self) -> Vec<u32> {
        let channels = self.awaited();
        self.wake_all();
        channels
            .into_iter()
            .filter(|channel| self.abandon(*channel, true))
            .collect()
    }

    /// Has everybody look who waits for something.
    pub(super) fn wake_all(&self) {
        for queue in self.queues.values() {
            queue.changed.notify_all();
        }
    }
}

#[cfg(test)]
mod tests;
