//! The near end of one channel: the stream of its job, and how many bytes may be sent. Knows no
//! message of the job.

use rustix::event::PollFlags;
use rustix::io::Errno;
use rustix::net::Shutdown;
use std::collections::VecDeque;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread::{Builder, JoinHandle};
use vm_test_protocol::channel::{PIECE, WINDOW};
use vm_test_protocol::frame;
use vm_test_protocol::lab::MOST_ASKED;

/// More bytes than wait for a job that reads: all the answers that its body may have asked for, and
/// its own message.
const MOST_WAITING: usize = (MOST_ASKED + 2) * frame::CAP;

/// What a job's thread returns: the streams that processes may still write to.
pub(super) type Left = io::Result<Vec<OwnedFd>>;

/// A channel.
pub(super) struct Channel {
    stream: UnixStream,
    /// What the job has not read yet.
    waiting: VecDeque<u8>,
    /// How many bytes may be sent to the host.
    allowance: usize,
    /// Whether the host has closed it: what still comes is dropped.
    is_closed: bool,
    thread: JoinHandle<Left>,
}

/// What has come from a job.
pub(super) enum Heard {
    /// The job has ended, and said everything.
    End,
    Bytes(Vec<u8>),
    Nothing,
}

impl Channel {
    /// Opens a channel, and has its job run in a thread of its own.
    ///
    /// # Errors
    /// If this process may have no more descriptors or threads.
    pub(super) fn open(work: impl FnOnce(OwnedFd) -> Left + Send + 'static) -> io::Result<Self> {
        let (stream, theirs) = UnixStream::pair()?;
        stream.set_nonblocking(true)?;
        Ok(Self {
            stream,
            waiting: VecDeque::new(),
            allowance: WINDOW,
            is_closed: false,
            thread: Builder::new().spawn(move || work(theirs.into()))?,
        })
    }

    /// Returns what it waits for; `has_room` tells whether the host takes more.
    pub(super) fn waits_for(&self, has_room: bool) -> PollFlags {
        let mut flags = PollFlags::empty();
        let may_send = has_room && self.allowance > 0;
        flags.set(PollFlags::IN, self.is_closed || may_send);
        flags.set(PollFlags::OUT, !self.waiting.is_empty());
        flags
    }

    /// Passes bytes of the host on.
    ///
    /// # Errors
    /// If the job does not read what it was sent.
    pub(super) fn tell(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.is_closed {
            return Ok(());
        }
        self.waiting.extend(bytes);
        if self.waiting.len() > MOST_WAITING {
            let words = format!("a job has left more than {MOST_WAITING} bytes unread");
            return Err(io::Error::other(words));
        }
        self.send_some();
        Ok(())
    }

    /// Sends what the job takes at once.
    pub(super) fn send_some(&mut self) {
        while !self.waiting.is_empty() {
            match rustix::io::write(&self.stream, self.waiting.as_slices().0) {
                Ok(count) => drop(self.waiting.drain(..count)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return,
                // It has ended, which shows when it is read from.
                Err(_) => self.waiting.clear(),
            }
        }
    }

    /// Reads what the job says, within what may be sent.
    pub(super) fn hear(&mut self) -> Heard {
        let most = if self.is_closed {
            PIECE
        } else {
            self.allowance.min(PIECE)
        };
        if most == 0 {
            return Heard::Nothing;
        }
        let mut bytes = vec![0; most];
        match rustix::io::read(&self.stream, &mut bytes) {
            Ok(0) => Heard::End,
            Ok(_) if self.is_closed => Heard::Nothing,
            Ok(count) => {
                bytes.truncate(count);
                self.allowance -= count;
                Heard::Bytes(bytes)
            }
            Err(Errno::INTR | Errno::AGAIN) => Heard::Nothing,
            Err(_) => Heard::End,
        }
    }

    /// Notes that the host has taken so many bytes.
    pub(super) fn allow(&mut self, bytes: usize) {
        self.allowance = self.allowance.saturating_add(bytes).min(WINDOW);
    }

    /// Ends the job: nobody listens any more. It can still say how it ended.
    pub(super) fn close(&mut self) {
        self.is_closed = true;
        self.waiting.clear();
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Write);
    }

    /// Ends the job at once, and waits for its thread.
    pub(super) fn abort(self) -> Left {
        let _ = rustix::net::shutdown(&self.stream, Shutdown::Both);
        join(self.thread)
    }

    /// Waits for the thread of a job that has ended.
    ///
    /// # Errors
    /// If the agent cannot go on. That the job of a closed channel was ended is no error.
    pub(super) fn finish(self) -> Left {
        match join(self.thread) {
            Err(_) if self.is_closed => Ok(Vec::new()),
            left => left,
        }
    }
}

fn join(thread: JoinHandle<Left>) -> Left {
    let lost = || Err(io::Error::other("a thread that runs a job panicked"));
    thread.join().unwrap_or_else(|_| lost())
}

impl AsFd for Channel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}
