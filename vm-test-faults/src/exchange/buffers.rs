//! Bounded buffers before and behind a connection. They know nothing of what the bytes mean.

use std::io;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// How many bytes may wait for more of their message: the longest head of a message.
pub(super) const MOST_WAITING: usize = 64 * 1024;

/// The least and the most that is read at once.
const READS: (usize, usize) = (2 * 1024, 64 * 1024);

/// A buffer that is empty keeps at most so much memory.
const MOST_KEPT: usize = 4 * 1024;

/// How many small parts are collected before they are written.
const MOST_HELD: usize = 16 * 1024;

/// Bytes that have been read and not yet taken.
pub(super) struct Inbox<R> {
    reader: R,
    waiting: BytesMut,
    next_read: usize,
}

impl<R: AsyncRead + Unpin> Inbox<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            waiting: BytesMut::new(),
            next_read: READS.0,
        }
    }

    pub(super) fn waiting(&self) -> &[u8] {
        &self.waiting
    }

    /// Takes the first bytes away.
    pub(super) fn take(&mut self, length: usize) {
        forget(&mut self.waiting, length);
    }

    /// Reads more, and returns how much; 0 at the end. Dropping the future loses nothing.
    pub(super) async fn fill(&mut self) -> io::Result<usize> {
        if self.waiting.is_empty() {
            shrink(&mut self.waiting);
        }
        self.waiting.reserve(self.next_read);
        let read = self.reader.read_buf(&mut self.waiting).await?;
        if read >= self.next_read {
            self.next_read = READS.1.min(self.next_read * 4);
        } else if read < self.next_read / 8 {
            self.next_read = READS.0.max(self.next_read / 2);
        }
        Ok(read)
    }
}

/// Collects small parts, so that each is not a packet of its own.
pub(super) struct Outbox<W> {
    writer: W,
    held: BytesMut,
}

impl<W: AsyncWrite + Unpin> Outbox<W> {
    pub(super) fn new(writer: W) -> Self {
        Self {
            writer,
            held: BytesMut::new(),
        }
    }

    /// Adds `part` behind what is held, or writes it.
    pub(super) async fn put(&mut self, part: &[u8]) -> io::Result<()> {
        if self.held.len() + part.len() > MOST_HELD {
            self.flush().await?;
            if part.len() >= MOST_HELD {
                return self.writer.write_all(part).await;
            }
        }
        self.held.extend_from_slice(part);
        Ok(())
    }

    pub(super) async fn flush(&mut self) -> io::Result<()> {
        if !self.held.is_empty() {
            while !self.held.is_empty() {
                // Not `write_all_buf`, whose vector of slices costs more than the usual write.
                match self.writer.write(&self.held).await? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    written => forget(&mut self.held, written),
                }
            }
            shrink(&mut self.held);
        }
        self.writer.flush().await
    }

    /// Writes what is held, and tells the other end that no more follows.
    pub(super) async fn shut_down(&mut self) -> io::Result<()> {
        self.flush().await?;
        self.writer.shutdown().await
    }
}

/// Takes the first bytes away. An emptied buffer can be filled from its beginning again.
fn forget(buffer: &mut BytesMut, length: usize) {
    if length == buffer.len() {
        buffer.clear();
    } else {
        buffer.advance(length);
    }
}

/// Gives the memory of an empty buffer back, if it is much: a connection that waits keeps little.
fn shrink(buffer: &mut BytesMut) {
    if buffer.try_reclaim(MOST_KEPT + 1) {
        *buffer = BytesMut::new();
    }
}
