//! What a socket gives behind the toxics of one direction, as a reader. It decides nothing about
//! bytes; the chain of toxics does.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::tcp::ReadHalf;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep_until};

use super::link::{CHUNK, end_of, new_chain};
use super::setup::Setup;
use super::traffic::Flow;
use crate::toxic::{Chain, Chunk, Direction, End, Listed};

/// A socket and the toxics behind it. A reference to it is a reader.
///
/// Who reads must also let [`pass_time`](Self::pass_time) go on, in the same task.
pub(super) struct Source<'a> {
    state: Mutex<State<'a>>,
    toxics: watch::Receiver<Vec<Listed>>,
    /// The reader has pushed bytes into the toxics, or taken some out.
    has_moved: Notify,
    flow: &'a Flow,
}

struct State<'a> {
    socket: ReadHalf<'a>,
    chain: Chain,
    toxics: watch::Receiver<Vec<Listed>>,
}

impl<'a> Source<'a> {
    /// Returns what this half of a socket gives behind the toxics of a proxy.
    pub(super) fn new(
        setup: &'a Setup,
        connection: u64,
        direction: Direction,
        socket: ReadHalf<'a>,
    ) -> Self {
        let mut toxics = setup.toxics.watch();
        let mut chain = new_chain(setup, connection, direction);
        chain.follow(&toxics.borrow_and_update(), Instant::now());
        Self {
            toxics: toxics.clone(),
            state: Mutex::new(State {
                socket,
                chain,
                toxics,
            }),
            has_moved: Notify::new(),
            flow: setup.traffic.flow(direction),
        }
    }

    /// Lets time pass for the toxics, until one of them ends the connection.
    ///
    /// # Errors
    ///
    /// Returns how the whole connection ends.
    pub(super) async fn pass_time(&self) -> Result<Infallible, End> {
        let mut toxics = self.toxics.clone();
        loop {
            let now = Instant::now();
            let due = self.locked().advance(now)?;
            tokio::select! {
                biased;
                changed = toxics.changed() => changed.map_err(|_| End::Close)?,
                () = self.has_moved.notified() => {}
                () = sleep_until(due.unwrap_or(now)), if due.is_some() => {}
            }
        }
    }

    /// Reads what has passed the toxics.
    ///
    /// # Errors
    ///
    /// Returns how the whole connection ends, if it does.
    fn read(&self, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Result<Poll<()>, End> {
        let mut state = self.locked();
        loop {
            state.follow()?;
            if state.chain.end().is_none() && state.chain.is_clear() {
                let Poll::Ready(read) = state.read_untouched(context, buffer)? else {
                    return Ok(Poll::Pending);
                };
                self.flow.received.fetch_add(read as u64, Ordering::Relaxed);
                if read > 0 && state.chain.is_clear() {
                    self.flow.sent.fetch_add(read as u64, Ordering::Relaxed);
                    return Ok(Poll::Ready(()));
                }
                self.has_moved.notify_one();
            }
            state.advance(Instant::now())?;
            if state.chain.end() == Some(End::Eof) {
                return Ok(Poll::Ready(()));
            }
            if let Some(output) = state.chain.output() {
                let length = output.len().min(buffer.remaining());
                buffer.put_slice(&output[..length]);
                state.chain.written(length);
                self.has_moved.notify_one();
                self.flow.sent.fetch_add(length as u64, Ordering::Relaxed);
                return Ok(Poll::Ready(()));
            }
            if !state.chain.has_room() {
                return Ok(Poll::Pending);
            }
            let Poll::Ready(read) = state.read_into_toxics(context) else {
                return Ok(Poll::Pending);
            };
            self.flow.received.fetch_add(read as u64, Ordering::Relaxed);
            self.has_moved.notify_one();
        }
    }

    fn locked(&self) -> MutexGuard<'_, State<'a>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State<'_> {
    /// Brings the chain in step with the toxics of the proxy.
    fn follow(&mut self) -> Result<(), End> {
        if self.toxics.has_changed().map_err(|_| End::Close)? {
            let toxics = self.toxics.borrow_and_update();
            self.chain.follow(&toxics, Instant::now());
        }
        Ok(())
    }

    /// Moves what is due; returns when the next bytes are.
    fn advance(&mut self, now: Instant) -> Result<Option<Instant>, End> {
        self.follow()?;
        let due = self.chain.advance(now);
        match self.chain.end() {
            None | Some(End::Eof) => Ok(due),
            Some(end) => Err(end),
        }
    }

    /// Reads into a buffer, where the bytes stay unless a toxic was added meanwhile; returns how
    /// many came.
    fn read_untouched(
        &mut self,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Result<Poll<usize>, End> {
        let before = buffer.filled().len();
        let length = match Pin::new(&mut self.socket).poll_read(context, buffer) {
            Poll::Pending => return Ok(Poll::Pending),
            Poll::Ready(Ok(())) => buffer.filled().len() - before,
            Poll::Ready(Err(error)) => {
                self.chain.finish(end_of(&error));
                return Ok(Poll::Ready(0));
            }
        };
        if length == 0 {
            self.chain.finish(End::Eof);
            return Ok(Poll::Ready(0));
        }
        // Who added a toxic before these bytes were sent expects it to act on them.
        self.follow()?;
        if !self.chain.is_clear() {
            let bytes = Bytes::copy_from_slice(&buffer.filled()[before..]);
            self.chain.push(Chunk::new(bytes, Instant::now()));
            buffer.set_filled(before);
        }
        Ok(Poll::Ready(length))
    }

    /// Reads into the toxics; returns how many bytes came.
    fn read_into_toxics(&mut self, context: &mut Context<'_>) -> Poll<usize> {
        let mut room = [0; CHUNK];
        let mut buffer = ReadBuf::new(&mut room);
        match Pin::new(&mut self.socket).poll_read(context, &mut buffer) {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => self.chain.finish(end_of(&error)),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => self.chain.finish(End::Eof),
            Poll::Ready(Ok(())) => {
                let bytes = Bytes::copy_from_slice(buffer.filled());
                self.chain.push(Chunk::new(bytes, Instant::now()));
            }
        }
        Poll::Ready(buffer.filled().len())
    }
}

impl AsyncRead for &Source<'_> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.read(context, buffer) {
            Ok(read) => read.map(Ok),
            Err(_) => {
                // This wakes `pass_time`, which finds the same end and returns it.
                self.has_moved.notify_one();
                Poll::Pending
            }
        }
    }
}
