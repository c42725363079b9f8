//! The end of a job whose time is up, that takes too much memory, or whose holder is gone; and the
//! time after any job's end: the rest of its output, what it has left, and the agent's last
//! message.

use super::account;
use super::body::Body;
use super::harvest::Harvest;
use super::memory;
use super::run::{Output, Running};
use rustix::process::{Signal, kill_process_group};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{End, Ended, FromAgent};

/// After the job's end, output is awaited until none has come for this long.
const QUIET: Duration = Duration::from_millis(50);

/// The longest that output is awaited: a grandchild may hold the streams open forever.
const DRAIN: Duration = Duration::from_secs(2);

/// How many characters of a thread's name the kernel keeps.
const THREAD_NAME: usize = 15;

impl Running<'_> {
    /// Records what the job is doing and has executed, and kills it, or stops it so that it can be
    /// inspected.
    pub(super) fn time_is_up(&mut self, stop: bool) {
        if self.killed.is_some() {
            return;
        }
        self.last = account::of(self.pid);
        self.harvest.save_counters();
        if stop {
            let _ = kill_process_group(self.pid, Signal::STOP);
            self.end = Some(End::TimedOut);
            self.pidfd = None;
        } else {
            self.kill(End::TimedOut);
        }
    }

    /// Returns what the job was doing when its client disappeared, in one line: about the thread
    /// with the test's name, if there is one.
    pub(super) fn last_words(&self) -> io::Error {
        let lines = account::of(self.pid);
        let test = self.body.as_ref().map(Body::test).unwrap_or_default();
        let thread = format!("({})", test.chars().take(THREAD_NAME).collect::<String>());
        let line = lines.iter().find(|line| line.contains(&thread));
        let line = line.or_else(|| lines.last()).map_or("", String::as_str);
        io::Error::other(format!(
            "the process that held the lease disconnected while {line}"
        ))
    }

    /// Records what the job has executed, and kills it.
    ///
    /// The job is stopped meanwhile, so that it cannot use more memory.
    pub(super) fn memory_is_out(&mut self) {
        if self.killed.is_none() {
            let _ = kill_process_group(self.pid, Signal::STOP);
            self.harvest.save_counters();
            self.kill(End::OutOfMemory);
        }
    }

    /// Sends the rest of the output. Time in which the host takes nothing does not count.
    pub(super) fn drain(&mut self, listener: &UnixListener) -> io::Result<()> {
        let (mut left, mut quiet) = (DRAIN, QUIET);
        let is_open = |output: &Output| output.fd.is_some() && !output.is_left;
        while self.outputs.iter().any(is_open) && !self.host.gone {
            if left.is_zero() || quiet.is_zero() {
                break;
            }
            let counts = !self.host.is_full();
            let began = Instant::now();
            let active = self.turn(listener, quiet)?;
            if counts {
                left = left.saturating_sub(began.elapsed());
                quiet = quiet.saturating_sub(began.elapsed());
            }
            if active {
                quiet = QUIET;
            }
        }
        // A verdict may have been written just before the end.
        if let Some(body) = &mut self.body
            && !body.has_verdict()
        {
            body.accept(listener);
        }
        self.read_body()
    }

    /// Tells the host what the job has left and how it ended; returns the streams that processes
    /// may still write to.
    pub(super) fn finish(mut self, took: Duration) -> io::Result<Vec<OwnedFd>> {
        let (mut preambles, mut left) = (Vec::new(), Vec::new());
        for output in std::mem::take(&mut self.outputs) {
            left.extend(output.fd);
            if output.is_left {
                continue;
            }
            let (rest, preamble) = output.cutter.finish();
            self.send_output(output.is_error, rest)?;
            preambles.extend(preamble);
        }
        if !self.host.gone && !self.harvest.stays() {
            self.harvest.bring(self.host)?;
        }
        let ended = Ended {
            end: self.end.unwrap_or(End::TimedOut),
            dropped_bytes: self.dropped,
            preamble: preambles,
            body: self.body.as_ref().and_then(Body::took),
            breach: self.body.and_then(|body| body.breach),
            took,
            last: self.last,
            files_bytes: memory::of_files(),
            has_artifacts: self.harvest.stays() && Harvest::has_artifacts(),
        };
        self.host.send(&FromAgent::Ended(ended))?;
        self.host.finish()?;
        Ok(left)
    }
}
