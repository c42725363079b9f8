//! The messages between a lease's holder and the agent.

use super::body::{BodyOutcome, PanicReport};
pub use super::end::{End, Obstacle};
use super::harvest::{FileKind, Wanted};
use super::lab::{Answered, Asked, Returned};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// How many bytes of standard input may be in flight, so that neither side has to buffer much.
pub const INPUT_WINDOW: usize = 1 << 18;

/// A message from the holder of the lease to the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ToAgent {
    /// Run this job; the first message. Another job may follow when the last one has ended.
    Job(Box<Job>),
    /// Bytes for the job's standard input; at most [`INPUT_WINDOW`] of them may be outstanding.
    Input(#[serde(with = "super::bytes")] Vec<u8>),
    /// The end of the job's standard input.
    InputEnd,
    /// The reader of the job's standard output has closed it.
    OutputClosed,
    /// The reader of the job's standard error has closed it.
    ErrorClosed,
    /// Send this signal to the job.
    Signal(i32),
    /// End the job as timed out, whatever its limit is.
    End,
    /// The terminal has a new size.
    Resize(TerminalSize),
    /// The answer to a question of the test's body.
    Answered(Box<Answered>),
    /// Send what jobs have left that is still here, in place of a job: the first message on a
    /// channel. The answer ends as a job does.
    Bring(Wanted),
    /// Several jobs at a time from here on, each on a [`channel`](super::channel): only what is
    /// about channels follows, until [`ToAgent::Single`].
    Multiplex,
    /// The next bytes of what the job of a channel is told.
    Channel {
        /// The channel.
        channel: u32,
        /// Whether these are the first ones, which open it.
        opens: bool,
        /// The bytes, at most [`PIECE`](super::channel::PIECE).
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
    },
    /// So much of what has come from a channel was taken, and as much may be sent.
    Taken {
        /// The channel.
        channel: u32,
        /// How many bytes.
        bytes: u32,
    },
    /// Nobody listens to a channel any more: kill its job, if that still runs.
    Close {
        /// The channel.
        channel: u32,
    },
    /// One job at a time again, as soon as all channels have closed.
    Single,
}

/// A program to run in the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// Unique for every job; a verdict counts only with the right nonce.
    pub nonce: u128,
    /// The program, as a path or a name to look up in the guest's `PATH`.
    pub program: String,
    /// The arguments.
    pub args: Vec<Vec<u8>>,
    /// The working directory.
    pub directory: String,
    /// Whether to use `/` if the guest has no such directory.
    pub directory_is_optional: bool,
    /// Variables added to the guest's own environment.
    pub environment: Vec<(Vec<u8>, Vec<u8>)>,
    /// The time limit by the guest's clock, after which the job is ended.
    ///
    /// There is none if the lease's holder waits for the job: it measures the time itself and sends
    /// [`ToAgent::End`].
    pub timeout: Option<Duration>,
    /// Whether to stop the job at the time limit instead of killing it, for inspection.
    pub stop_at_timeout: bool,
    /// Present if the job is a test: only then is a verdict expected.
    pub test: Option<TestJob>,
    /// Present if the job gets a terminal.
    pub terminal: Option<TerminalSize>,
    /// The index of the command-line word that is a host program, which may need libraries.
    ///
    /// 0 is the job's own program, as always for a test, 1 its first argument.
    pub of_host: Option<u32>,
    /// Which of the files that the job leaves are sent to the host.
    pub wanted: Wanted,
}

impl Job {
    /// Returns a job that runs a program with these arguments in `/`.
    ///
    /// It has the guest's own environment, and only its output and its exit status are sent back.
    #[must_use]
    pub fn program<A: Into<Vec<u8>>>(
        program: impl Into<String>,
        args: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            // There is no verdict to authenticate.
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

/// The additional data of a test job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestJob {
    /// The full name of the test.
    pub name: String,
    /// The length of the test binary, as the host sees it.
    pub length_bytes: u64,
    /// The modification time of the test binary, since 1970.
    pub modified: Duration,
    /// Whether the harness runs the test in a child process, as it does with `panic = "abort"`.
    pub in_child: bool,
    /// Present if the test process runs a call instead of the test's body.
    pub call: Option<Vec<u8>>,
}

/// The size of a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TerminalSize {
    /// Rows.
    pub rows: u16,
    /// Columns.
    pub columns: u16,
}

/// A message from the agent to the holder of the lease.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum FromAgent {
    /// The agent is ready; the first message.
    Hello {
        /// The agent's [`super::PROTOCOL`].
        protocol: u32,
        /// The release of the guest's kernel.
        kernel: String,
        /// A description of what the guest's own init could not start.
        degraded: Option<String>,
    },
    /// The guest's own init failed to bring the guest up, for this reason; the only message.
    NotUp(String),
    /// The test body begins.
    Begun,
    /// The job has taken this many more bytes of its standard input.
    InputTaken(u64),
    /// Output of the job on standard output, or on its terminal.
    Stdout(#[serde(with = "super::bytes")] Vec<u8>),
    /// Output of the job on standard error.
    Stderr(#[serde(with = "super::bytes")] Vec<u8>),
    /// A thread of the test panicked.
    Panic(PanicReport),
    /// The test's body asks for something to be done on another node of its lab.
    Asked(Box<Asked>),
    /// The call has ended.
    Returned(Returned),
    /// The test body has ended.
    Verdict {
        /// The nonce of the job.
        nonce: u128,
        /// The result.
        outcome: BodyOutcome,
    },
    /// The job has ended, and this file that it left is sent next.
    File {
        /// The kind of the file.
        kind: FileKind,
        /// The name, relative to the directory of its kind.
        ///
        /// It comes from the guest, so it may be anything.
        #[serde(with = "super::bytes")]
        name: Vec<u8>,
        /// How many bytes follow.
        length: u64,
    },
    /// The next bytes of the file.
    FileBytes(#[serde(with = "super::bytes")] Vec<u8>),
    /// The file is complete, and this is its checksum.
    FileEnd(u64),
    /// A file stays in the guest; if it had begun, discard what has arrived.
    FileKept {
        /// The kind of the file.
        kind: FileKind,
        /// The name.
        #[serde(with = "super::bytes")]
        name: Vec<u8>,
        /// The reason.
        reason: String,
    },
    /// The job has ended, and its output and files have been sent; the last message about it.
    Ended(Ended),
    /// The next bytes of what the job of a channel says.
    Channel {
        /// The channel.
        channel: u32,
        /// The bytes.
        #[serde(with = "super::bytes")]
        bytes: Vec<u8>,
    },
    /// Nothing more comes from a channel, and its number is not used again.
    Closed {
        /// The channel.
        channel: u32,
    },
    /// All channels have closed, and there is one job at a time again.
    Single,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// How its process ended.
    pub end: End,
    /// How much output was dropped because the job wrote too much.
    pub dropped_bytes: u64,
    /// Output before the body began, such as the loader's error if the body never began.
    pub preamble: Vec<u8>,
    /// A protocol violation by the body: a verdict for another test, a second verdict, garbage.
    pub breach: Option<String>,
    /// The time from the start of the process to its end.
    pub took: Duration,
    /// The duration of the body alone, by the guest's clock; absent if it never began.
    pub body: Option<Duration>,
    /// What the job's processes were doing at the time limit, in lines for users.
    pub last: Vec<String>,
    /// How much of the guest's memory files occupy at the end.
    pub files_bytes: u64,
    /// Whether artifacts stay in the guest until they are asked for.
    pub has_artifacts: bool,
}

impl Ended {
    /// Returns the report of a process with nothing known except its end.
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
            has_artifacts: false,
        }
    }
}
