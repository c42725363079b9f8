//! Runs one job to its end: relays its streams, watches its time and memory, reaps, and says how it
//! ended.

use super::body::Body;
use super::children::JobProcess;
use super::harvest::Harvest;
use super::job::{self, Started};
use super::output::{Cutter, MOST_OUTPUT};
use super::stream::Host;
use super::{kind, memory};
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, kill_process_group, pidfd_open};
use std::collections::VecDeque;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{End, Ended, FromAgent, Job};
use vm_test_protocol::{Edge, output_marker};

/// How long the agent waits for events at most, so that it reaps orphans.
const TICK: Duration = Duration::from_millis(500);

/// How often the memory in use is checked, if the agent must do so.
const MEMORY_TICK: Duration = Duration::from_millis(25);

/// How often the mailbox of a body that has closed its connection is read.
const MUTE_TICK: Duration = Duration::from_millis(20);

/// How many bytes are read at a time.
const CHUNK: usize = 1 << 16;

/// One output stream of the job.
pub(super) struct Output {
    pub(super) fd: Option<OwnedFd>,
    pub(super) cutter: Cutter,
    pub(super) is_error: bool,
    /// Whether it belongs to an earlier job: then it is read, to unblock its writers, and discarded.
    pub(super) is_left: bool,
}

/// A running job.
pub(super) struct Running<'a> {
    pub(super) host: &'a mut Host,
    pub(super) harvest: &'a Harvest,
    pub(super) body: Option<Body>,
    pub(super) process: JobProcess,
    pub(super) pid: Pid,
    pub(super) pidfd: Option<OwnedFd>,
    pub(super) outputs: Vec<Output>,
    pub(super) input: Option<OwnedFd>,
    pub(super) pending_input: VecDeque<u8>,
    pub(super) input_ends: bool,
    pub(super) is_enough: bool,
    pub(super) terminal: Option<OwnedFd>,
    relayed: u64,
    pub(super) dropped: u64,
    pub(super) end: Option<End>,
    pub(super) killed: Option<End>,
    /// In a VM: how many processes its kernel had killed for lack of memory when the job began.
    pub(super) kills_before: Option<u64>,
    /// What the job was doing when its time was up.
    pub(super) last: Vec<String>,
}

/// Runs the job and tells the host how it ended.
///
/// `left` are output streams that processes of earlier jobs still have; this job's are added.
pub(super) fn run(
    host: &mut Host,
    listener: &UnixListener,
    job: Job,
    memory: &memory::Limit,
    left: &mut Vec<OwnedFd>,
) -> io::Result<()> {
    let began = Instant::now();
    let harvest = Harvest::prepare(&job)?;
    let start = || job::start(&job, &harvest.environment());
    let (process, started) = match JobProcess::start(start, |started| &started.child) {
        Ok(started) => started,
        Err(end) => {
            host.send(&FromAgent::Ended(Ended::with_end(end)))?;
            return host.finish();
        }
    };
    let deadline = job.timeout.map(|timeout| began + timeout);
    let mut running = Running::new(host, &job, &harvest, process, started, left)?;
    while running.end.is_none() && !running.host.gone {
        let now = Instant::now();
        if running.is_enough || deadline.is_some_and(|deadline| now >= deadline) {
            running.time_is_up(job.stop_at_timeout);
        }
        // A killed process still needs processor time to end, and is waited for.
        let deadline = deadline.filter(|_| running.killed.is_none());
        let mut wait = deadline.map_or(TICK, |deadline| (deadline - now).min(TICK));
        if running.end.is_some() {
            wait = Duration::ZERO;
        }
        if memory.is_watched() {
            if memory.is_exceeded_by(running.pid) {
                running.memory_is_out();
            }
            // With thousands of processes, the agent's little processor time is for the deadline.
            if !memory.is_behind() {
                wait = wait.min(MEMORY_TICK);
            }
        }
        if running.body.as_ref().is_some_and(Body::is_mute) {
            wait = wait.min(MUTE_TICK);
        }
        running.turn(listener, wait)?;
    }
    if running.host.gone && running.end.is_none() {
        // The keeper passes an agent's last line on to the daemon, which may need it.
        let words = running.last_words();
        // Other jobs may go on without this one's client.
        running.kill(End::Signaled(Signal::KILL.as_raw()));
        return Err(words);
    }
    let took = began.elapsed();
    if let Some(body) = &mut running.body {
        body.is_over();
    }
    running.drain(listener)?;
    *left = running.finish(took)?;
    Ok(())
}

/// Gives a process the settings of a login, which the agent lacks, before its body begins.
fn give_what_the_agent_has_not(pid: Pid) {
    let give = |file: &str, value: &str| {
        let _ = std::fs::write(format!("/proc/{pid}/{file}"), value);
    };
    if kind::is_vm() {
        // The agent is protected from the OOM killer, and its priority gives it no timer slack.
        give("oom_score_adj", "0");
        give("timerslack_ns", "50000");
    } else {
        // If memory runs out, the job is killed, not the agent.
        give("oom_score_adj", "500");
    }
}

impl<'a> Running<'a> {
    fn new(
        host: &'a mut Host,
        job: &Job,
        harvest: &'a Harvest,
        process: JobProcess,
        started: Started,
        left: &mut Vec<OwnedFd>,
    ) -> io::Result<Self> {
        let cutter = || match job.test {
            Some(_) => Cutter::new(
                output_marker(job.nonce, Edge::Begin),
                output_marker(job.nonce, Edge::End),
            ),
            None => Cutter::uncut(),
        };
        let mut outputs = vec![Output {
            fd: Some(started.output),
            cutter: cutter(),
            is_error: false,
            is_left: false,
        }];
        outputs.extend(started.error.map(|fd| Output {
            fd: Some(fd),
            cutter: cutter(),
            is_error: true,
            is_left: false,
        }));
        outputs.extend(left.drain(..).map(|fd| Output {
            fd: Some(fd),
            cutter: Cutter::uncut(),
            is_error: false,
            is_left: true,
        }));
        if let Some(input) = &started.input {
            rustix::io::ioctl_fionbio(input, true)?;
        }
        let pid = process.pid;
        give_what_the_agent_has_not(pid);
        Ok(Self {
            host,
            harvest,
            body: job
                .test
                .as_ref()
                .map(|test| Body::new(job.nonce, test, pid)),
            process,
            pid,
            pidfd: pidfd_open(pid, PidfdFlags::empty()).ok(),
            outputs,
            input: started.input,
            pending_input: VecDeque::new(),
            input_ends: false,
            is_enough: false,
            terminal: started.terminal,
            relayed: 0,
            dropped: 0,
            end: None,
            killed: None,
            kills_before: kind::is_vm().then(memory::kills),
            last: Vec::new(),
        })
    }

    /// Kills the job with all its processes, and remembers why.
    pub(super) fn kill(&mut self, why: End) {
        if self.killed.is_none() {
            self.killed = Some(why);
            let _ = kill_process_group(self.pid, Signal::KILL);
            let _ = kill_process(self.pid, Signal::KILL);
        }
    }

    /// Waits for events and handles them; returns whether there was output.
    pub(super) fn turn(&mut self, listener: &UnixListener, wait: Duration) -> io::Result<bool> {
        // What came together with the job, as its input may, wakes nobody.
        self.obey_all()?;
        let ready = self.await_events(listener, wait)?;
        let mut active = false;
        match &mut self.body {
            Some(body) if ready.connect => body.accept(listener),
            // A job that is not a test reports nothing: its processes must not wait for an answer.
            None if ready.connect => drop(listener.accept()),
            _ => {}
        }
        self.read_body()?;
        if let Some(body) = &mut self.body {
            body.send_some();
        }
        for index in 0..self.outputs.len() {
            if ready.outputs[index] {
                active |= self.relay(index)?;
            }
        }
        if ready.room {
            self.host.send_some()?;
        }
        if ready.host {
            self.host.read_some()?;
        }
        self.obey_all()?;
        if ready.input || !self.pending_input.is_empty() {
            self.feed()?;
        }
        self.reap();
        Ok(active)
    }

    pub(super) fn read_body(&mut self) -> io::Result<()> {
        if let Some(body) = &mut self.body {
            for message in body.read().into_iter().chain(body.collect()) {
                self.host.send(&message)?;
            }
        }
        Ok(())
    }

    /// Sends a piece of output to the host; returns `false` at the end of the stream.
    fn relay(&mut self, index: usize) -> io::Result<bool> {
        let Some(fd) = &self.outputs[index].fd else {
            return Ok(false);
        };
        let mut bytes = vec![0; CHUNK];
        match rustix::io::read(fd, &mut bytes) {
            // A terminal without users returns EIO.
            Ok(0) | Err(rustix::io::Errno::IO) => {
                self.outputs[index].fd = None;
                return Ok(false);
            }
            Ok(count) => bytes.truncate(count),
            Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => return Ok(true),
            Err(error) => return Err(error.into()),
        }
        if self.outputs[index].is_left {
            return Ok(false);
        }
        let bytes = self.outputs[index].cutter.push(&bytes);
        self.send_output(self.outputs[index].is_error, bytes)?;
        Ok(true)
    }

    pub(super) fn send_output(&mut self, is_error: bool, mut bytes: Vec<u8>) -> io::Result<()> {
        if self.body.is_some() {
            let room = usize::try_from(MOST_OUTPUT - self.relayed).unwrap_or(usize::MAX);
            self.dropped += bytes.len().saturating_sub(room) as u64;
            bytes.truncate(room);
        }
        if bytes.is_empty() {
            return Ok(());
        }
        self.relayed += bytes.len() as u64;
        self.host.send(&if is_error {
            FromAgent::Stderr(bytes)
        } else {
            FromAgent::Stdout(bytes)
        })
    }
}
