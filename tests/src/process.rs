//! `vm-test` as a child process of a test: its output and its end; nothing outlives the test. Also
//! the parents of all processes. Makes no assertions about them.

use crate::host::Host;
use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// No command of these tests takes nearly this long.
const DEADLINE: Duration = Duration::from_secs(60);

/// The output of a process and how it ended.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub bytes: Vec<u8>,
    /// Standard output as text.
    pub out: String,
    /// Standard error as text.
    pub err: String,
}

impl Finished {
    /// Returns the exit code; there is none if a signal killed vm-test itself.
    pub fn code(&self) -> Option<i32> {
        self.status.code()
    }

    /// Returns standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A running process.
pub struct Running {
    child: Child,
    out: Option<Collector>,
    err: Option<Collector>,
}

/// Reads a stream to its end.
struct Collector {
    bytes: Arc<Mutex<Vec<u8>>>,
    thread: JoinHandle<()>,
}

impl Collector {
    fn new(mut stream: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let mine = Arc::clone(&bytes);
        let thread = std::thread::spawn(move || {
            let mut piece = [0; 1 << 16];
            while let Ok(count @ 1..) = stream.read(&mut piece) {
                mine.lock().unwrap().extend(&piece[..count]);
            }
        });
        Self { bytes, thread }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.bytes.lock().unwrap()).into_owned()
    }

    fn finish(self) -> Vec<u8> {
        self.thread.join().expect("it only reads");
        std::mem::take(&mut *self.bytes.lock().unwrap())
    }
}

impl Running {
    /// Starts it with pipes.
    pub fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let out = child.stdout.take().map(Collector::new);
        let err = child.stderr.take().map(Collector::new);
        Self { child, out, err }
    }

    /// Returns its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Returns the other end of its standard input.
    pub fn input(&mut self) -> ChildStdin {
        self.child.stdin.take().expect("nobody has taken it yet")
    }

    /// Waits until it has written exactly this to standard output.
    #[track_caller]
    pub fn await_output(&self, wanted: &str) {
        let limit = Instant::now() + DEADLINE;
        let out = self.out.as_ref().expect("it has an output");
        while out.so_far() != wanted {
            let late = Instant::now() > limit;
            assert!(!late, "{:?} is not {wanted:?}", out.so_far());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Returns what it has written to standard error so far.
    #[must_use]
    pub fn errors_so_far(&self) -> String {
        self.err.as_ref().map(Collector::so_far).unwrap_or_default()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("it is there");
    }

    /// Waits for its end.
    pub fn finish(mut self) -> Finished {
        drop(self.child.stdin.take());
        let status = await_end(&mut self.child);
        let read = |stream: Option<Collector>| stream.map_or_else(Vec::new, Collector::finish);
        let (bytes, err) = (read(self.out.take()), read(self.err.take()));
        Finished {
            status,
            out: String::from_utf8_lossy(&bytes).into_owned(),
            err: String::from_utf8_lossy(&err).into_owned(),
            bytes,
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Waits for the end of a process, and kills it if it takes too long.
pub fn await_end(child: &mut Child) -> ExitStatus {
    let limit = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().expect("it is this process's child") {
            return status;
        }
        if Instant::now() > limit {
            let _ = child.kill();
            let _ = child.wait();
            panic!("process {} did not end within {DEADLINE:?}", child.id());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs `vm-test` with these arguments and without input.
pub fn vm_test(host: &Host, args: &[&str]) -> Finished {
    Running::start(host.vm_test().args(args)).finish()
}

/// Returns what `gc` reported about this host alone: control groups of a real root are shared, the
/// store is the user's, and other tests kill daemons, too.
#[must_use]
pub fn of_this_host(said: &str) -> String {
    let others = ["control group", "unfinished piece"];
    let is_own = |line: &&str| !others.iter().any(|words| line.contains(words));
    let lines = said.lines().filter(is_own);
    let own: String = lines.map(|line| format!("{line}\n")).collect();
    if own.is_empty() {
        "nothing to remove\n".to_owned()
    } else {
        own
    }
}

/// Runs a shell script in a fresh instance of guest `host`.
pub fn in_guest(host: &Host, script: &str) -> Finished {
    vm_test(host, &["run", "host", "--", "sh", "-c", script])
}

/// Does the same with this input.
pub fn in_guest_with(host: &Host, script: &str, input: Vec<u8>) -> Finished {
    let mut running = Running::start(
        host.vm_test()
            .args(["run", "host", "--", "sh", "-c", script]),
    );
    let mut to = running.input();
    let writer = std::thread::spawn(move || to.write_all(&input));
    let finished = running.finish();
    // A command may end before it has read everything.
    let _ = writer.join();
    finished
}

/// Waits until a condition holds.
#[track_caller]
pub fn await_that(what: &str, within: Duration, mut is_so: impl FnMut() -> bool) {
    let limit = Instant::now() + within;
    while !is_so() {
        assert!(Instant::now() < limit, "not within {within:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the living instances.
pub fn instances(host: &Host) -> Vec<serde_json::Value> {
    let listed = vm_test(host, &["ps", "--json"]).json();
    listed["instances"].as_array().expect("a list").clone()
}

/// Starts a command in a guest and waits until its instance lives.
pub fn start_in_guest(host: &Host, script: &str) -> Running {
    let running = Running::start(
        host.vm_test()
            .args(["run", "host", "--", "sh", "-c", script]),
    );
    await_that("an instance is alive", Duration::from_secs(10), || {
        !instances(host).is_empty()
    });
    running
}

/// Returns the parents of all processes, including zombies.
#[must_use]
pub fn parents() -> BTreeMap<u32, u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name, in parentheses, may contain any character.
            let (_, rest) = stat.rsplit_once(") ")?;
            Some((pid, rest.split(' ').nth(1)?.parse().ok()?))
        })
        .collect()
}
