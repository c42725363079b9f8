//! Runs a command with a time limit: a suite that looks for hangs must not hang. Keeps the
//! beginning, the end and the length of very long output.

use rustix::process::{Pid, Signal, kill_process_group};
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// How many bytes are kept of the beginning and of the end of a stream.
const KEPT: usize = 1 << 23;

/// How often a running command is checked.
const TICK: Duration = Duration::from_millis(5);

/// One output stream of a command.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    /// The number of bytes received.
    pub bytes: u64,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Stream {
    fn push(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        let room = (KEPT - self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..room]);
        self.tail.extend_from_slice(&bytes[room..]);
        if self.tail.len() > 2 * KEPT {
            self.tail.drain(..self.tail.len() - KEPT);
        }
    }

    /// Returns what was kept; invalid UTF-8 becomes U+FFFD.
    #[must_use]
    pub fn text(&self) -> String {
        let kept = [self.head.as_slice(), &self.tail].concat();
        String::from_utf8_lossy(&kept).into_owned()
    }
}

/// A started command.
#[derive(Debug)]
pub struct Running {
    child: Child,
    began: Instant,
    stdout: Reader,
    stderr: Reader,
}

/// A command that has ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code, unless a signal killed it.
    pub code: Option<i32>,
    /// Its standard output.
    pub stdout: Stream,
    /// Its standard error.
    pub stderr: Stream,
    /// How long it took.
    pub took: Duration,
}

/// Starts a command in its own process group, without input.
///
/// # Panics
/// If it cannot be started.
#[must_use]
pub fn start(command: &mut Command) -> Running {
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}"));
    Running {
        began: Instant::now(),
        stdout: Reader::new(child.stdout.take()),
        stderr: Reader::new(child.stderr.take()),
        child,
    }
}

/// Runs a command to its end.
///
/// # Panics
/// If it does not end within `limit`.
#[must_use]
pub fn run(command: &mut Command, limit: Duration) -> Finished {
    start(command).finish(limit)
}

impl Running {
    /// Returns the process id of the command.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns what it has written to standard error so far.
    #[must_use]
    pub fn errors(&self) -> String {
        self.stderr.stream().text()
    }

    /// Waits for the end of the command and of its output.
    ///
    /// # Panics
    /// If that takes longer than `limit` from its start; its process group is killed first.
    #[must_use]
    pub fn finish(mut self, limit: Duration) -> Finished {
        let mut code = None;
        loop {
            if code.is_none() {
                code = self.child.try_wait().expect("a child of this process");
            }
            if let Some(status) = code.filter(|_| self.stdout.is_over() && self.stderr.is_over()) {
                return Finished {
                    code: status.code(),
                    stdout: self.stdout.stream(),
                    stderr: self.stderr.stream(),
                    took: self.began.elapsed(),
                };
            }
            if self.began.elapsed() > limit {
                if let Some(group) = Pid::from_raw(self.child.id().cast_signed()) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                let _ = self.child.wait();
                panic!(
                    "a command did not end within {limit:?} ({}); it wrote:\n{}\n{}",
                    if code.is_some() {
                        "but its output was held open"
                    } else {
                        "it was killed"
                    },
                    self.stdout.stream().text(),
                    self.stderr.stream().text()
                );
            }
            thread::sleep(TICK);
        }
    }
}

#[derive(Debug)]
struct Reader {
    stream: Arc<Mutex<Stream>>,
    thread: thread::JoinHandle<()>,
}

impl Reader {
    fn new(source: Option<impl Read + Send + 'static>) -> Self {
        let stream = Arc::new(Mutex::new(Stream::default()));
        let mine = Arc::clone(&stream);
        let thread = thread::spawn(move || {
            let Some(mut source) = source else { return };
            let mut bytes = vec![0; 1 << 16];
            while let Ok(count @ 1..) = source.read(&mut bytes) {
                mine.lock()
                    .expect("no panic while it was locked")
                    .push(&bytes[..count]);
            }
        });
        Self { stream, thread }
    }

    fn is_over(&self) -> bool {
        self.thread.is_finished()
    }

    fn stream(&self) -> Stream {
        self.stream
            .lock()
            .expect("no panic while it was locked")
            .clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_output_and_the_code_of_a_command_come_back() {
        let finished = run(
            &mut sh("echo out; echo err >&2; exit 3"),
            Duration::from_secs(20),
        );
        assert_eq!(finished.code, Some(3));
        assert_eq!(finished.stdout.text(), "out\n");
        assert_eq!(finished.stderr.text(), "err\n");
        assert_eq!(finished.stdout.bytes, 4);
    }

    #[test]
    fn a_command_that_does_not_end_is_killed_and_so_is_one_whose_child_holds_its_output() {
        for script in ["echo begun; sleep 1000", "echo begun; sleep 1000 &"] {
            let run = || run(&mut sh(script), Duration::from_millis(300));
            let panic = std::panic::catch_unwind(run).unwrap_err();
            let words = panic.downcast_ref::<String>().expect("a message");
            assert!(
                words.contains("within 300ms") && words.contains("begun"),
                "{words}"
            );
        }
    }

    #[test]
    fn of_long_output_both_ends_are_kept() {
        let mut stream = Stream::default();
        stream.push(b"begin");
        for _ in 0..100 {
            stream.push(&[b'.'; 1 << 20]);
        }
        stream.push(b"end");
        let text = stream.text();
        assert!(text.starts_with("begin") && text.ends_with("end"));
        assert!(text.len() <= 3 * KEPT);
        assert_eq!(stream.bytes, (100 << 20) + 8);
    }
}
