//! A job in a guest and the streams of this process, connected until the job is over. Byte by byte,
//! in both directions.

use super::input::{self, Window};
use super::line::Line;
use super::signals::{self, OnSigterm};
use super::terminal::Raw;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::stdio::{stderr, stdout};
use std::io::ErrorKind;
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use vm_test_protocol::agent::{End, Ended, FromAgent, Job, ToAgent};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{Agent, Follower, Lease};
use vm_test_runtime::harvest::{Harvest, Places};

/// How it ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The job ended by itself or was ended by the agent.
    Ended {
        ended: Ended,
        /// Whether the agent ended it because this program was told to end.
        told_to_end: bool,
    },
    /// The user's terminal is gone, and the instance with it.
    HungUp,
}

/// Runs the job to its end.
///
/// # Errors
/// If the instance is lost, or this process's own streams fail.
pub(super) fn run(
    lease: &mut Lease,
    mut job: Job,
    harvest: &mut Harvest,
    on_sigterm: OnSigterm,
) -> Result<Outcome, Failure> {
    let cannot =
        |what: &str, error: std::io::Error| Failure::new(format!("cannot {what}: {error}"));
    let on_terminal = job.terminal.is_some();
    // The host's clock decides, not the guest's, as for tests.
    let limit = job.timeout.take();
    let line = Arc::new(Line::new(lease).map_err(|error| cannot("keep the stream", error))?);
    let window = Arc::new(Window::new());
    // From here on signals are for the command, and the terminal is the guest's.
    let collected =
        signals::collect(on_terminal).map_err(|error| cannot("handle signals", error))?;
    let _raw = on_terminal
        .then(Raw::enter)
        .transpose()
        .map_err(|error| cannot("hand the terminal over", error))?;
    if let Err(error) = lease.agent.send(&ToAgent::Job(Box::new(job))) {
        return Err(match error.kind() {
            ErrorKind::InvalidData => cannot("send the command to the guest", error),
            _ => lease.cause_of_death(),
        });
    }
    let mine = Arc::clone(&line);
    let thread = || std::thread::Builder::new();
    let no_thread = |error: std::io::Error| {
        Failure::new(format!("cannot start a thread: {error}")).because(Tried::Process, &error)
    };
    thread()
        .spawn(move || signals::pass_on(collected, &mine, on_terminal, on_sigterm))
        .map_err(no_thread)?;
    let (mine, ours) = (Arc::clone(&line), Arc::clone(&window));
    let pass_on = move || {
        input::pass_on(&mine, &ours);
        if on_terminal {
            mine.hang_up();
        }
    };
    thread().spawn(pass_on).map_err(no_thread)?;
    follow(lease, &line, &window, harvest, limit, on_terminal)
}

/// Runs a job that has no input and receives no signals.
///
/// A signal that ends this program ends the job with it.
///
/// # Errors
/// See [`run`].
pub(super) fn run_alone(lease: &mut Lease, job: Job) -> Result<Outcome, Failure> {
    let line = Line::new(lease)
        .map_err(|error| Failure::new(format!("cannot keep the stream: {error}")))?;
    line.send(&ToAgent::Job(Box::new(job)));
    line.send(&ToAgent::InputEnd);
    let mut nothing = Harvest::new(Places::default(), "");
    follow(lease, &line, &Window::new(), &mut nothing, None, false)
}

fn follow(
    lease: &mut Lease,
    line: &Line,
    window: &Window,
    harvest: &mut Harvest,
    limit: Option<Duration>,
    on_terminal: bool,
) -> Result<Outcome, Failure> {
    let mut relay = Relay {
        line,
        window,
        harvest,
        output: Output::new(stdout(), on_terminal, ToAgent::OutputClosed),
        error: Output::new(stderr(), on_terminal, ToAgent::ErrorClosed),
    };
    let followed = lease.follow(limit, &mut relay);
    match followed.ended {
        Ok(ended) => {
            let told_to_end = followed.told_to_end && ended.end == End::TimedOut;
            Ok(Outcome::Ended { ended, told_to_end })
        }
        Err(_) if line.hung_up.load(Ordering::SeqCst) => Ok(Outcome::HungUp),
        Err(lost) => Err(lease.cause_of(lost)),
    }
}

/// Passes on what the agent says of a command.
struct Relay<'a> {
    line: &'a Line,
    window: &'a Window,
    harvest: &'a mut Harvest,
    output: Output,
    error: Output,
}

impl Follower for Relay<'_> {
    fn take(&mut self, message: FromAgent) -> Result<(), Failure> {
        match message {
            FromAgent::Stdout(bytes) => self.output.write(&bytes, self.line),
            FromAgent::Stderr(bytes) => self.error.write(&bytes, self.line),
            FromAgent::InputTaken(bytes) => {
                self.window.widen(bytes);
                Ok(())
            }
            FromAgent::File { .. }
            | FromAgent::FileBytes(_)
            | FromAgent::FileEnd(_)
            | FromAgent::FileKept { .. } => self.harvest.take(message).map_err(|breach| {
                Failure::new(format!("cannot understand the guest: it sent {breach}"))
            }),
            other => Err(unexpected(&other)),
        }
    }

    fn wants_end(&self) -> bool {
        self.line.told_to_end.load(Ordering::SeqCst)
    }

    fn tell_end(&self, _agent: &Agent) {
        // Other threads write to the agent, too.
        self.line.send(&ToAgent::End);
    }
}

/// An agent says nothing of the kind of a command.
pub(super) fn unexpected(message: &FromAgent) -> Failure {
    Failure::new(format!("cannot understand the guest: it said {message:?}"))
}

/// One of this process's output streams.
///
/// Not through the standard library, which buffers until the end of a line.
struct Output {
    fd: BorrowedFd<'static>,
    on_terminal: bool,
    closed: bool,
    when_closed: ToAgent,
}

impl Output {
    fn new(fd: BorrowedFd<'static>, on_terminal: bool, when_closed: ToAgent) -> Self {
        Self {
            fd,
            on_terminal,
            closed: false,
            when_closed,
        }
    }

    fn write(&mut self, mut bytes: &[u8], line: &Line) -> Result<(), Failure> {
        while !bytes.is_empty() && !self.closed {
            match rustix::io::write(self.fd, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(Errno::INTR) => {}
                // The caller has set `O_NONBLOCK`.
                Err(Errno::AGAIN) => {
                    let _ = poll(&mut [PollFd::new(&self.fd, PollFlags::OUT)], None);
                }
                Err(Errno::PIPE) => {
                    self.closed = true;
                    line.send(&self.when_closed);
                }
                // The terminal is gone.
                Err(Errno::IO) if self.on_terminal => {
                    self.closed = true;
                    line.hang_up();
                }
                Err(error) => {
                    return Err(Failure::new(format!(
                        "cannot write what the command in the guest wrote: {error}"
                    )));
                }
            }
        }
        Ok(())
    }
}
