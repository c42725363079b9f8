//! Bytes on their way through the toxics of one direction, and the bounded queues in which they
//! wait. It decides nothing about them.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;

/// Bytes that were read together, or a part of them.
#[derive(Clone, Debug)]
pub(crate) struct Chunk {
    /// The bytes; never empty.
    pub(crate) bytes: Bytes,
    /// When they arrived at the proxy, plus the latency that they have had since.
    pub(crate) arrived: Instant,
    /// When they arrived in the queue that they are in.
    pub(super) queued: Instant,
}

impl Chunk {
    pub(crate) fn new(bytes: Bytes, now: Instant) -> Self {
        Self {
            bytes,
            arrived: now,
            queued: now,
        }
    }
}

/// How a stream of bytes ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// The sender sends nothing more; the other direction goes on.
    Eof,
    /// The connection is closed, both directions of it.
    Close,
    /// The connection is reset: its ends get an RST.
    Reset,
}

/// Chunks that wait, and what comes behind them.
#[derive(Debug)]
pub(super) struct Queue {
    chunks: VecDeque<Chunk>,
    most: usize,
    end: Option<End>,
}

impl Queue {
    /// Returns an empty queue for at most this many chunks.
    pub(super) fn new(most: usize) -> Self {
        Self {
            chunks: VecDeque::new(),
            most,
            end: None,
        }
    }

    /// Returns whether one more chunk may be pushed.
    pub(super) fn has_room(&self) -> bool {
        self.end.is_none() && self.chunks.len() < self.most
    }

    pub(super) fn push(&mut self, mut chunk: Chunk, now: Instant) {
        chunk.queued = now;
        self.chunks.push_back(chunk);
    }

    pub(super) fn front(&self) -> Option<&Chunk> {
        self.chunks.front()
    }

    pub(super) fn pop(&mut self) -> Option<Chunk> {
        self.chunks.pop_front()
    }

    /// Takes the first `length` bytes, or fewer if the first chunk has fewer.
    pub(super) fn pop_part(&mut self, length: usize) -> Option<Chunk> {
        let front = self.chunks.front_mut()?;
        if length >= front.bytes.len() {
            return self.chunks.pop_front();
        }
        let mut part = front.clone();
        part.bytes = front.bytes.split_to(length);
        Some(part)
    }

    /// Returns what comes behind the chunks, once there are none left.
    pub(super) fn end_reached(&self) -> Option<End> {
        self.end.filter(|_| self.chunks.is_empty())
    }

    /// Says how the stream ends; the first word counts.
    pub(super) fn finish(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    /// Takes over what an earlier queue still holds, whether there is room or not.
    pub(super) fn absorb(&mut self, earlier: Self, now: Instant) {
        if self.end.is_some() {
            return;
        }
        for chunk in earlier.chunks {
            self.push(chunk, now);
        }
        self.end = earlier.end;
    }
}
