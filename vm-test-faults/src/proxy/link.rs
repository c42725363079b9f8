//! One direction of one connection: reads from a socket, passes through the toxics, writes. It
//! decides nothing about bytes; the chain of toxics does.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use super::setup::Setup;
use super::traffic::Flow;
use crate::toxic::{Chain, Chunk, Direction, End, Listed, Place};

/// How many bytes are read at once when no toxic holds any.
const READ: usize = 64 * 1024;

/// How many are read at once into toxics: as many as Toxiproxy does.
pub(super) const CHUNK: usize = 32 * 1024;

thread_local! {
    /// What sockets are read into. One a thread: a connection without traffic has no buffer.
    static READ_BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; READ]);
}

/// One direction of a connection.
pub(super) struct Link<'a> {
    pub(super) source: ReadHalf<'a>,
    pub(super) sink: WriteHalf<'a>,
    pub(super) chain: Chain,
    pub(super) toxics: watch::Receiver<Vec<Listed>>,
    pub(super) flow: &'a Flow,
}

impl Link<'_> {
    /// Carries bytes until the stream ends.
    ///
    /// If the sink takes no more, it ends as well: what the other end has still sent arrives by the
    /// other direction, which then ends the connection.
    ///
    /// # Errors
    ///
    /// Returns how the whole connection ends, if it does.
    pub(super) async fn run(mut self) -> Result<(), End> {
        let list = self.toxics.borrow_and_update().clone();
        self.chain.follow(&list, Instant::now());
        loop {
            let now = Instant::now();
            self.follow(now)?;
            let due = self.chain.advance(now);
            match self.chain.end() {
                None => {}
                Some(End::Eof) => {
                    // A sink that is gone cannot be told.
                    let _ = self.sink.shutdown().await;
                    return Ok(());
                }
                Some(end) => return Err(end),
            }
            let output = self.chain.output();
            let most = if self.chain.is_clear() { READ } else { CHUNK };
            tokio::select! {
                biased;
                changed = self.toxics.changed() => {
                    changed.map_err(|_| End::Close)?;
                    self.toxics.mark_changed();
                }
                written = self.sink.write(output.unwrap_or_default()), if output.is_some() => {
                    match written {
                        Ok(length) if length > 0 => self.sent(length),
                        _ => return Ok(()),
                    }
                }
                () = sleep_until(due.unwrap_or(now)), if due.is_some() => {}
                read = read(&mut self.source, most), if self.chain.has_room() => match read {
                    // Nothing has waited in between, so that the buffer is still this one's.
                    Ok(length) => self.receive(length),
                    Err(error) => self.chain.finish(end_of(&error)),
                }
            }
        }
    }

    /// Brings the chain in step with the toxics of the proxy.
    fn follow(&mut self, now: Instant) -> Result<(), End> {
        if self.toxics.has_changed().map_err(|_| End::Close)? {
            self.chain.follow(&self.toxics.borrow_and_update(), now);
        }
        Ok(())
    }

    /// Takes so many bytes from the buffer, and writes them at once if nothing is in the way.
    fn receive(&mut self, length: usize) {
        if length == 0 {
            self.chain.finish(End::Eof);
            return;
        }
        self.flow
            .received
            .fetch_add(length as u64, Ordering::Relaxed);
        let now = Instant::now();
        // Who added a toxic before these bytes were sent expects it to act on them.
        if self.follow(now).is_err() {
            self.chain.finish(End::Close);
            return;
        }
        READ_BUFFER.with_borrow(|buffer| {
            let mut rest = &buffer[..length];
            if self.chain.is_clear() {
                let mut context = Context::from_waker(Waker::noop());
                let written = Pin::new(&mut self.sink).poll_write(&mut context, rest);
                if let Poll::Ready(Ok(length)) = written {
                    self.flow.sent.fetch_add(length as u64, Ordering::Relaxed);
                    rest = &rest[length..];
                }
            }
            // What could not be written, for whatever reason, is tried again by the caller.
            if !rest.is_empty() {
                self.chain
                    .push(Chunk::new(Bytes::copy_from_slice(rest), now));
            }
        });
    }

    fn sent(&mut self, length: usize) {
        self.flow.sent.fetch_add(length as u64, Ordering::Relaxed);
        self.chain.written(length);
    }
}

/// Reads at most so many bytes into this thread's buffer; returns how many.
///
/// A read that fills less than was asked for has emptied the socket, which is not asked again then.
async fn read(source: &mut ReadHalf<'_>, most: usize) -> io::Result<usize> {
    poll_fn(|context| {
        READ_BUFFER.with_borrow_mut(|buffer| {
            let mut buffer = ReadBuf::new(&mut buffer[..most]);
            ready!(Pin::new(&mut *source).poll_read(context, &mut buffer))?;
            Poll::Ready(Ok(buffer.filled().len()))
        })
    })
    .await
}

/// Returns how a stream ends whose socket has this error: what was reset is reset on the other side.
pub(super) fn end_of(error: &io::Error) -> End {
    match error.kind() {
        io::ErrorKind::ConnectionReset => End::Reset,
        _ => End::Close,
    }
}

/// Returns one direction of a connection.
pub(super) fn link<'a>(
    setup: &'a Setup,
    connection: u64,
    direction: Direction,
    source: ReadHalf<'a>,
    sink: WriteHalf<'a>,
) -> Link<'a> {
    Link {
        source,
        sink,
        chain: new_chain(setup, connection, direction),
        toxics: setup.toxics.watch(),
        flow: setup.traffic.flow(direction),
    }
}

/// Returns a chain without toxics for one direction of a connection.
pub(super) fn new_chain(setup: &Setup, connection: u64, direction: Direction) -> Chain {
    Chain::new(Place {
        seed: setup.seed,
        proxy: setup.name.as_str().into(),
        connection,
        direction,
    })
}
