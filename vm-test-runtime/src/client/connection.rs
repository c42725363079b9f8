//! A connection to the daemon, which is started if it is not there. Sends requests; interprets no reply.

use super::{Executor, RuntimeDir};
use crate::protocol::daemon::{Greeting, Obituary, Reply, Request, Welcome};
use crate::protocol::errno::Tried;
use crate::protocol::failure::Failure;
use crate::protocol::record::Record;
use crate::protocol::{PROTOCOL, frame};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a daemon may take to say that it is there.
const WELCOME_TIMEOUT: Duration = Duration::from_secs(20);

/// How often a daemon that exits just when it is wanted is replaced by a new one.
const STARTS: usize = 5;

/// A connection that was welcomed by the daemon.
#[derive(Debug)]
pub struct Connection {
    /// The stream; after a granted lease it is the agent's.
    pub stream: UnixStream,
    /// The daemon's process id.
    pub daemon: u32,
}

impl Connection {
    /// Connects to the daemon of the installed program, starting it if it is not there.
    ///
    /// # Errors
    /// If the program is not there, or its daemon cannot be started or does not answer.
    pub fn open() -> Result<Self, Failure> {
        let executor = Executor::locate()?;
        let dir = RuntimeDir::open()?;
        let socket = dir.socket(&executor.identity);
        let mut last = None;
        for _ in 0..STARTS {
            match Self::to(&socket) {
                Ok(connection) => return Ok(connection),
                Err(error) if is_gone(&error) => last = Some(error),
                Err(error) => return Err(unreachable(&socket, &error)),
            }
            start(&executor)?;
        }
        Err(match last {
            Some(error) => unreachable(&socket, &error),
            None => Failure::new("cannot reach the daemon"),
        })
    }

    /// Connects to the daemon behind a socket, if one is there.
    ///
    /// # Errors
    /// If none is there, or it speaks another protocol.
    pub fn to(socket: &Path) -> io::Result<Self> {
        let stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(WELCOME_TIMEOUT))?;
        frame::write(&stream, &Greeting { protocol: PROTOCOL })?;
        let welcome: Welcome =
            frame::read(&stream)?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        if welcome.protocol != PROTOCOL {
            return Err(io::Error::other(format!(
                "it speaks protocol {} and this program speaks {PROTOCOL}; \
                 use the same version of the crate vm-test-runtime and of the program vm-test",
                welcome.protocol
            )));
        }
        stream.set_read_timeout(None)?;
        Ok(Self {
            stream,
            daemon: welcome.pid,
        })
    }

    /// Sends a request.
    ///
    /// # Errors
    /// If the daemon is gone.
    pub fn send(&self, request: &Request) -> io::Result<()> {
        frame::write(&self.stream, request)
    }

    /// Receives a reply.
    ///
    /// # Errors
    /// If the daemon is gone or what it says is not understood.
    pub fn receive(&self) -> io::Result<Reply> {
        frame::read(&self.stream)?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))
    }
}

/// What became of an instance, if a daemon that knows it is still there. Starts nothing.
#[must_use]
pub fn obituary(instance: &str) -> Option<Obituary> {
    let instance = instance.to_owned();
    match ask(&Request::Obituary { instance }) {
        Some(Reply::Obituary(obituary)) => obituary,
        _ => None,
    }
}

/// The last lines of a living instance's console, if it has one and its daemon is there. Starts nothing.
#[must_use]
pub fn console(instance: &str) -> Option<Vec<String>> {
    let instance = instance.to_owned();
    match ask(&Request::Console { instance }) {
        Some(Reply::Console(lines)) => lines,
        _ => None,
    }
}

/// Has the daemon write down what became of a test, if it is there. Starts nothing, and says nothing if it cannot.
pub fn record(record: Record) {
    let _ = ask(&Request::Record(Box::new(record)));
}

/// Asks the daemon, if it is there.
fn ask(request: &Request) -> Option<Reply> {
    let executor = Executor::locate().ok()?;
    let socket = RuntimeDir::find().ok()??.socket(&executor.identity);
    let connection = Connection::to(&socket).ok()?;
    connection
        .stream
        .set_read_timeout(Some(WELCOME_TIMEOUT))
        .ok()?;
    connection.send(request).ok()?;
    connection.receive().ok()
}

/// Whether nobody is there: never was, is dead, or ends just now.
pub(super) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
    matches!(
        error.kind(),
        NotFound | ConnectionRefused | ConnectionReset | BrokenPipe | UnexpectedEof
    )
}

fn unreachable(socket: &Path, error: &io::Error) -> Failure {
    let cause = match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("it did not answer within {WELCOME_TIMEOUT:?}")
        }
        _ => error.to_string(),
    };
    let failure = Failure::new(format!(
        "cannot reach the daemon at {}: {cause}",
        socket.display()
    ))
    .because(Tried::Descriptor, error);
    match failure.hint {
        Some(_) => failure,
        None => failure.hint(
            "`vm-test doctor` looks for the reason, `vm-test gc` removes what a dead daemon left",
        ),
    }
}

/// Starts the daemon and waits until it listens. Its own program takes care of its independence from this process.
fn start(executor: &Executor) -> Result<(), Failure> {
    let cannot = |cause: Failure| {
        Failure::new(format!(
            "cannot start the daemon with {}: {}",
            executor.path.display(),
            cause.message
        ))
        .hint(
            cause
                .hint
                .unwrap_or_else(|| "`vm-test doctor` looks for the reason".to_owned()),
        )
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
