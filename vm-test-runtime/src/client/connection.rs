//! A connection to the daemon, which is started if necessary. Sends requests; interprets no reply.

use super::silence::{LOOK, Silent, Vigil, holder};
use super::{Executor, RuntimeDir};
use serde::de::DeserializeOwned;
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::FileTypeExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::{Greeting, Reply, Request, Welcome};
use vm_test_protocol::errno::{self, Tried};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame::FrameBuffer;
use vm_test_protocol::{PROTOCOL, frame};

/// How long a daemon may take to welcome a client.
pub(super) const WELCOME_TIMEOUT: Duration = Duration::from_secs(20);

/// After this much silence, a daemon that has a request is asked whether it still runs.
const SILENCE: Duration = Duration::from_secs(15);

/// How often a daemon that stops at the wrong moment is replaced by a new one.
pub(super) const STARTS: u32 = 10;

/// The socket of the daemon that has last welcomed this process by [`Connection::open`].
static LAST: Mutex<Option<PathBuf>> = Mutex::new(None);

/// A connection on which the daemon has welcomed the client.
#[derive(Debug)]
pub struct Connection {
    /// The stream. After a lease has been granted, it is the agent's.
    pub stream: UnixStream,
    /// The daemon's process id.
    pub daemon: u32,
    /// What has been read but not used yet.
    pub(super) buffer: FrameBuffer,
    socket: PathBuf,
}

impl Connection {
    /// Connects to the daemon of the installed program, starting it if necessary.
    ///
    /// # Errors
    /// If the program is not installed, or its daemon cannot be started or does not answer.
    pub fn open() -> Result<Self, Failure> {
        let executor = Executor::locate()?;
        let mut last = None;
        for attempt in 0..STARTS {
            // A daemon that ends removes the directory.
            let socket = RuntimeDir::open()?.socket(&executor.identity);
            match Self::to(&socket) {
                Ok(connection) => {
                    *LAST.lock().unwrap_or_else(PoisonError::into_inner) = Some(socket);
                    return Ok(connection);
                }
                Err(error) if is_gone(&error) => last = Some((socket, error)),
                Err(error) => return Err(unreachable(&socket, &error)),
            }
            std::thread::sleep(pause(attempt));
            start(&executor)?;
        }
        Err(match last {
            Some((socket, error)) => unreachable(&socket, &error),
            None => Failure::new("cannot reach the daemon"),
        })
    }

    /// Sends a request to the daemon of the installed program, starting it if necessary.
    ///
    /// If the daemon stops before it has answered, the next one is asked.
    ///
    /// # Errors
    /// If no daemon can be started, or none answers.
    pub fn ask(request: &Request) -> Result<Reply, Failure> {
        let mut attempt = 0;
        loop {
            let mut connection = Self::open()?;
            let answer = connection.send(request).and_then(|()| connection.receive());
            attempt += 1;
            match answer {
                Err(error) if is_gone(&error) && attempt < STARTS => {
                    std::thread::sleep(pause(attempt));
                }
                Ok(reply) => return Ok(reply),
                Err(error) => return Err(unreachable(&connection.socket, &error)),
            }
        }
    }

    /// Connects to the daemon behind a socket.
    ///
    /// # Errors
    /// If there is none, or it does not answer, or speaks another protocol.
    pub fn to(socket: &Path) -> io::Result<Self> {
        check(socket)?;
        let holder = holder(socket);
        // The kernel limits how many connections wait for it, and blocks further ones.
        Vigil::over(holder).await_motion()?;
        let mut connection = Self {
            stream: UnixStream::connect(socket)?,
            daemon: 0,
            buffer: FrameBuffer::default(),
            socket: socket.to_path_buf(),
        };
        frame::write(&connection.stream, &Greeting { protocol: PROTOCOL })?;
        let welcome: Welcome = connection.await_message(holder, Some(WELCOME_TIMEOUT))?;
        if welcome.protocol != PROTOCOL {
            return Err(io::Error::other(format!(
                "it speaks protocol {} and this program speaks {PROTOCOL}; \
                 use the same version of the crate vm-test and of the program vm-test",
                welcome.protocol
            )));
        }
        connection.daemon = welcome.pid;
        Ok(connection)
    }

    /// Sends a request.
    ///
    /// # Errors
    /// If the daemon is gone.
    pub fn send(&self, request: &Request) -> io::Result<()> {
        frame::write(&self.stream, request)
    }

    /// Receives a reply, however long it takes.
    ///
    /// # Errors
    /// If the daemon is gone, runs but does not answer, or sends an invalid message.
    pub fn receive(&mut self) -> io::Result<Reply> {
        self.await_message(Some(self.daemon), None)
    }

    /// Receives a reply to a request that takes no time.
    ///
    /// # Errors
    /// If the daemon is gone, does not answer in time, or sends an invalid message.
    pub fn receive_within(&mut self, within: Duration) -> io::Result<Reply> {
        self.await_message(Some(self.daemon), Some(within))
    }

    fn await_message<T: DeserializeOwned>(
        &mut self,
        pid: Option<u32>,
        within: Option<Duration>,
    ) -> io::Result<T> {
        let began = Instant::now();
        let mut asked = began;
        let mut vigil = Vigil::over(pid);
        let mut bytes = [0; 1 << 12];
        loop {
            if let Some(message) = self.buffer.pop()? {
                self.stream.set_read_timeout(None)?;
                return Ok(message);
            }
            self.stream.set_read_timeout(Some(LOOK))?;
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(count) => self.buffer.push(&bytes[..count]),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if super::is_timeout(&error) => {
                    vigil.look()?;
                    match within {
                        Some(within) if began.elapsed() >= within => {
                            return Err(Silent::late(pid, within));
                        }
                        None if asked.elapsed() >= SILENCE => {
                            asked = Instant::now();
                            self.check_pulse()?;
                        }
                        _ => {}
                    }
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Checks whether the daemon still welcomes clients.
    ///
    /// One that is stopping does not, and closes this connection soon.
    fn check_pulse(&self) -> io::Result<()> {
        match Self::to(&self.socket) {
            Err(error) if Silent::hint(&error).is_some() => Err(error),
            _ => Ok(()),
        }
    }
}

/// Returns how long to wait before the next attempt.
pub(super) fn pause(attempt: u32) -> Duration {
    Duration::from_millis(5) * attempt
}

/// Checks that there may be a daemon behind a path, which must be a socket.
fn check(socket: &Path) -> io::Result<()> {
    let kind = std::fs::symlink_metadata(socket)?.file_type();
    if kind.is_socket() {
        Ok(())
    } else {
        Err(io::Error::other(format!(
            "expected a socket, found {}",
            super::kind_of(kind)
        )))
    }
}

/// Returns the socket of the daemon that has last welcomed this process, or else that of the installed
/// program's daemon, if there may be one.
pub(super) fn socket_of_last() -> Option<PathBuf> {
    let last = LAST.lock().unwrap_or_else(PoisonError::into_inner).clone();
    last.or_else(|| {
        let executor = Executor::locate().ok()?;
        Some(RuntimeDir::find().ok()??.socket(&executor.identity))
    })
}

/// Returns whether no daemon is running: none was started, it is dead, or it is ending.
#[must_use]
pub fn is_gone(error: &io::Error) -> bool {
    use ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
    matches!(
        error.kind(),
        NotFound | ConnectionRefused | ConnectionReset | BrokenPipe | UnexpectedEof
    )
}

fn unreachable(socket: &Path, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot reach the daemon at {}: {error}",
        socket.display()
    ))
    .hint(cure(error))
}

/// Returns the hint for a daemon that cannot be reached.
#[must_use]
pub fn cure(error: &io::Error) -> String {
    Silent::hint(error)
        .or_else(|| errno::cure(Tried::Descriptor, error).map(str::to_owned))
        .unwrap_or_else(|| {
            "`vm-test doctor` helps to find the reason, `vm-test gc` removes what a dead daemon left"
                .to_owned()
        })
}

/// Starts the daemon and waits until it listens. The program detaches itself from this process.
fn start(executor: &Executor) -> Result<(), Failure> {
    let cannot = |cause: Failure| {
        let hint = cause.hint.clone();
        let path = executor.path.display();
        Failure::new(format!(
            "cannot start the daemon with {path}: {}",
            cause.text()
        ))
        .hint(hint.unwrap_or_else(|| "`vm-test doctor` helps to find the reason".to_owned()))
    };
    let output = Command::new(&executor.path)
        .args(["daemon", "--start"])
        .current_dir("/")
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot(Failure::new(error.to_string()).because(Tried::Process, &error)))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    Err(cannot(Failure::last_in(&words).unwrap_or_else(|| {
        Failure::new(format!("it ended with {}: {}", output.status, words.trim()))
    })))
}
