//! What a lease's holder and the agent say to each other.

use super::body::{BodyOutcome, PanicReport};
use super::harvest::{FileKind, Wanted};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many bytes of standard input may be on their way, so that neither side has to keep much of it.
pub const INPUT_WINDOW: usize = 1 << 18;

/// From the holder of the lease to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToAgent {
    /// Run this; the first message. Another one may follow when the last job has ended.
    Job(Box<Job>),
    /// Bytes for the job's standard input; never more than [`INPUT_WINDOW`] that the job has not taken.
    Input(#[serde(with = "super::bytes")] Vec<u8>),
    /// The end of the job's standard input.
    InputEnd,
    /// The reader of the job's standard output is gone.
    OutputClosed,
    /// The reader of the job's standard error is gone.
    ErrorClosed,
    /// A signal for the job.
    Signal(i32),
    /// The job's time is up now, whatever its limit was.
    End,
    /// The terminal has a new size.
    Resize(TerminalSize),
}

/// A program to run in the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// New for every job; a verdict counts only with it.
    pub nonce: u128,
    /// The program, as a path or a name to look up in the guest's `PATH`.
    pub program: String,
    /// Its arguments.
    pub args: Vec<Vec<u8>>,
    /// Its working directory.
    pub directory: String,
    /// Whether it is `/` if the guest has no such directory.
    pub directory_is_optional: bool,
    /// Added to the guest's own environment.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// Time limit by the guest's clock, after which the job is ended. Of what a lease's holder
    /// waits for, none: it keeps the time itself and sends [`ToAgent::End`].
    pub timeout: Option<Duration>,
    /// Whether it is then stopped instead of killed, so that it can be inspected.
    pub stop_at_timeout: bool,
    /// Present when the job is a test: only then a verdict is expected.
    pub test: Option<TestJob>,
    /// Present when the job gets a terminal.
    pub terminal: Option<TerminalSize>,
    /// Which word is a program of the host's, which may need the libraries that came along: 0 is the job's own program, as
    /// it always is for a test, 1 its first argument.
    pub of_host: Option<u32>,
    /// What the host wants of the files that the job leaves.
    pub wanted: Wanted,
}

impl Job {
    /// Returns a job that runs a program with these arguments in `/`, with the guest's own
    /// environment, and of which nothing is wanted but its output and its end.
    #[must_use]
    pub fn program<A: Into<Vec<u8>>>(
        program: impl Into<String>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            // Nothing is judged, so that nothing has to be told apart.
            nonce: 0,
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            directory: "/".to_owned(),
            directory_is_optional: false,
            environment: Vec::new(),
            timeout: None,
            stop_at_timeout: false,
            test: None,
            terminal: None,
            of_host: None,
            wanted: Wanted::default(),
        }
    }
}

/// What makes a job a test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestJob {
    /// The full name of the test.
    pub name: String,
    /// Length of the test binary, as the host sees it.
    pub length_bytes: u64,
    /// Modification time of the test binary, since 1970.
    pub modified: Duration,
    /// Whether the harness runs the test in a child process, as it does where panics abort.
    pub in_child: bool,
}

/// Rows and columns of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

/// From the agent to the holder of the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromAgent {
    /// The agent is there; the first message.
    Hello {
        /// Its [`super::PROTOCOL`].
        protocol: u32,
        /// The release of its kernel.
        kernel: String,
        /// What the guest's own init could not start, for people.
        degraded: Option<String>,
    },
    /// The guest's own init has not brought the guest up, for this reason; the only message.
    NotUp(String),
    /// The body begins.
    Begun,
    /// The job has taken this many more bytes of its standard input.
    InputTaken(u64),
    /// The job wrote to standard output (or to its terminal).
    Stdout(#[serde(with = "super::bytes")] Vec<u8>),
    /// The job wrote to standard error.
    Stderr(#[serde(with = "super::bytes")] Vec<u8>),
    /// A thread of the test panics.
    Panic(PanicReport),
    /// The body has ended.
    Verdict {
        /// The nonce of the job.
        nonce: u128,
        /// How it ended.
        outcome: BodyOutcome,
    },
    /// The job is over, and this file that it has left begins.
    File {
        /// What it is.
        kind: FileKind,
        /// Its name, relative to where files of its kind are. Made in the guest, so it may be anything.
        #[serde(with = "super::bytes")]
        name: Vec<u8>,
        /// How many bytes follow.
        length: u64,
    },
    /// The next bytes of the file.
    FileBytes(#[serde(with = "super::bytes")] Vec<u8>),
    /// The file is whole, and this is the sum of its bytes.
    FileEnd(u64),
    /// A file stays in the guest; if it had begun, what has come of it does not count.
    FileKept {
        /// What it is.
        kind: FileKind,
        /// Its name.
        #[serde(with = "super::bytes")]
        name: Vec<u8>,
        /// Why.
        reason: String,
    },
    /// The job is over, and its output and its files have been sent; the last message about it.
    Ended(Ended),
}

/// How a job's process ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The process's own end.
    pub end: End,
    /// How much output was dropped because the job wrote too much.
    pub dropped_bytes: u64,
    /// What the process wrote before the body began: the loader's complaint, when the body never began.
    pub preamble: Vec<u8>,
    /// A breach of the protocol by the body: a verdict for another test, a second verdict, garbage.
    pub breach: Option<String>,
    /// From the start of the process to its end.
    pub took: Duration,
    /// The body alone, by the guest's clock; absent if it never began.
    pub body: Option<Duration>,
    /// What the job's processes were doing when its time was up, in lines for people.
    pub last: Vec<String>,
    /// How much of the guest's memory files take at the end.
    pub files_bytes: u64,
}

impl Ended {
    /// Returns the report of a process of which only the end is known.
    #[must_use]
    pub fn with_end(end: End) -> Self {
        Self {
            end,
            dropped_bytes: 0,
            preamble: Vec::new(),
            breach: None,
            took: Duration::ZERO,
            body: None,
            last: Vec::new(),
            files_bytes: 0,
        }
    }
}

/// The end of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// It exited with this code.
    Exited(i32),
    /// This signal killed it.
    Signaled(i32),
    /// It was killed because its time was up.
    TimedOut,
    /// It was killed because the guest used more memory than it has.
    OutOfMemory,
    /// It never started.
    NotStarted {
        /// Why, in words.
        reason: String,
        /// What was in the way.
        obstacle: Obstacle,
    },
}

/// What keeps a job from starting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Obstacle {
    /// The guest has no such program.
    NotFound,
    /// The guest has the program and cannot execute it.
    NotExecutable,
    /// The kernel does not start a process, with this error number.
    Kernel(i32),
    /// Something else than the program.
    Other,
}
