//! How this process reports to the agent: over its connection or, if the body has closed or
//! forbidden that, through its memory. What the agent tells it comes over the connection.

use super::mailbox;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock};
use vm_test_protocol::body::{ADMITTED, FromBody, ToBody};
use vm_test_protocol::{BODY_SOCKET, ENV_CHANNEL, body_socket, frame};

/// The connection to the agent.
pub(crate) struct Channel {
    nonce: u128,
    /// The process that made it; only this one may write, since a process that the body forks has a
    /// copy.
    process: u32,
    stream: Mutex<Option<Stream>>,
    /// A second descriptor of the connection, opened when something is first read from it.
    reader: OnceLock<File>,
    /// Whether the verdict has been sent. It changes only while the stream is locked.
    is_over: AtomicBool,
}

/// The connection's descriptor.
///
/// It is used as a file, because writing then needs no permission to send, and its identity can be
/// checked: the number may now belong to another file.
struct Stream {
    file: File,
    identity: (u64, u64),
}

/// Why there is no channel.
pub(super) enum Refused {
    /// Nobody listens.
    NoAgent,
    /// The agent accepts the reports of another process.
    NotAdmitted,
}

impl Channel {
    /// Connects, and tells the agent that the body of this test begins.
    pub(super) fn open(nonce: u128, test: String) -> Result<Self, Refused> {
        let mut stream = UnixStream::connect(socket()).map_err(|_| Refused::NoAgent)?;
        let begin = FromBody::Begin {
            nonce,
            test,
            mailbox: mailbox::address(),
        };
        frame::write(&mut stream, &begin)
            .and_then(|()| stream.read_exact(&mut [0; ADMITTED.len()]))
            .and_then(|()| Stream::new(stream))
            .map(|stream| Self {
                nonce,
                process: std::process::id(),
                stream: Mutex::new(Some(stream)),
                reader: OnceLock::new(),
                is_over: AtomicBool::new(false),
            })
            .map_err(|_| Refused::NotAdmitted)
    }

    /// Returns whether this is the process that made the channel, as far as that can be determined.
    pub(super) fn is_ours(&self) -> bool {
        let own = std::process::id();
        own == self.process || is_refusal(own)
    }

    /// Sends a report. If the agent does not get it, there is no verdict, and the test cannot pass.
    pub(super) fn tell(&self, report: &FromBody) {
        let Ok(frame) = frame::encode(report) else {
            return;
        };
        let mut stream = self.stream.lock().unwrap_or_else(|lock| lock.into_inner());
        if matches!(report, FromBody::Verdict { .. }) {
            self.is_over.store(true, Ordering::Relaxed);
        }
        // The agent reads the memory only of the right process, so this is safe even if the process
        // is not known here.
        if std::process::id() == self.process
            && let Some(open) = &mut *stream
        {
            if open.is_ours() && open.file.write_all(&frame).is_ok() {
                return;
            }
            if let Some(open) = stream.take() {
                open.give_up();
            }
        }
        mailbox::post(self.nonce, frame);
    }

    /// Sends something that needs an answer, so only over the connection.
    ///
    /// # Errors
    /// If the connection is closed, this is another process, or the body has ended: a thread that
    /// it left behind must not break the protocol.
    pub(crate) fn ask(&self, question: &FromBody) -> io::Result<()> {
        let frame = frame::encode(question)?;
        let mut stream = self.stream.lock().unwrap_or_else(|lock| lock.into_inner());
        if self.is_over.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        match &mut *stream {
            Some(open) if std::process::id() == self.process && open.is_ours() => {
                open.file.write_all(&frame)
            }
            _ => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Waits for the agent's next message. Only one thread at a time may call this.
    ///
    /// # Errors
    /// If the connection is closed, or this is another process.
    pub(crate) fn hear(&self) -> io::Result<ToBody> {
        let mut reader = self.reader()?;
        frame::read(&mut reader)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    fn reader(&self) -> io::Result<&File> {
        if std::process::id() != self.process {
            return Err(io::ErrorKind::NotConnected.into());
        }
        if let Some(reader) = self.reader.get() {
            return Ok(reader);
        }
        let stream = self.stream.lock().unwrap_or_else(|lock| lock.into_inner());
        let open = stream.as_ref().filter(|open| open.is_ours());
        let reader = open.ok_or(io::ErrorKind::NotConnected)?.file.try_clone()?;
        Ok(self.reader.get_or_init(|| reader))
    }
}

/// Returns where the agent listens for this process.
fn socket() -> String {
    let channel = std::env::var(ENV_CHANNEL).ok();
    let channel = channel.and_then(|number| number.parse().ok());
    channel.map_or_else(|| BODY_SOCKET.to_owned(), body_socket)
}

/// Returns whether asking for this process's id was forbidden: the standard library takes the
/// negated error number for the id.
fn is_refusal(id: u32) -> bool {
    i32::try_from(id).is_err()
}

impl Stream {
    fn new(stream: UnixStream) -> io::Result<Self> {
        let file = File::from(OwnedFd::from(stream));
        let meta = file.metadata()?;
        Ok(Self {
            identity: (meta.dev(), meta.ino()),
            file,
        })
    }

    /// Returns whether the descriptor still refers to the connection.
    fn is_ours(&self) -> bool {
        let meta = self.file.metadata();
        meta.is_ok_and(|meta| (meta.dev(), meta.ino()) == self.identity)
    }

    /// Closes the connection, which makes the agent read the mailbox; but closes nothing else that
    /// has its number.
    fn give_up(self) {
        if !self.is_ours() {
            std::mem::forget(self.file);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_refusal;

    #[test]
    fn an_error_of_any_number_is_no_process() {
        let (eperm, enosys) = (-1_i32, -38_i32);
        for id in [eperm.cast_unsigned(), enosys.cast_unsigned()] {
            assert!(is_refusal(id));
        }
        assert!(!is_refusal(std::process::id()));
    }
}
