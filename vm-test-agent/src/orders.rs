//! What the host asks of a running job: to take input, a signal, a new size of its terminal, to end
//! as if its time were up. Starts no job.

use super::job;
use super::run::Running;
use rustix::process::{Signal, kill_process_group};
use std::io;
use vm_test_protocol::agent::{FromAgent, ToAgent};

impl Running<'_> {
    /// Carries out what the host has sent so far.
    pub(super) fn obey_all(&mut self) -> io::Result<()> {
        while let Some(message) = self.host.next()? {
            self.obey(message)?;
        }
        Ok(())
    }

    /// Carries out a message of the host.
    fn obey(&mut self, message: ToAgent) -> io::Result<()> {
        match message {
            // There is one job at a time.
            ToAgent::Job(_) | ToAgent::Bring(_) => {}
            ToAgent::Input(bytes) => self.pending_input.extend(bytes),
            ToAgent::InputEnd => self.input_ends = true,
            // The job learns of it as on the host: by SIGPIPE at its next write.
            ToAgent::OutputClosed => self.close(false),
            ToAgent::ErrorClosed => self.close(true),
            ToAgent::Signal(number) => {
                // Only signals with a name are passed on; real-time signals have none.
                if let Some(signal) = Signal::from_named_raw(number) {
                    if signal == Signal::KILL {
                        self.harvest.save_what_stays();
                    }
                    let _ = kill_process_group(self.pid, signal);
                }
            }
            ToAgent::End => self.is_enough = true,
            ToAgent::Resize(size) => {
                if let Some(terminal) = &self.terminal {
                    let _ = job::resize(terminal, size);
                }
            }
            ToAgent::Answered(answered) => {
                if let Some(body) = &mut self.body {
                    body.answer(answered);
                }
            }
            // None of them is about a job.
            ToAgent::Multiplex
            | ToAgent::Channel { .. }
            | ToAgent::Taken { .. }
            | ToAgent::Close { .. }
            | ToAgent::Single => {}
        }
        if self.input_ends && self.pending_input.is_empty() {
            self.feed()?;
        }
        Ok(())
    }

    fn close(&mut self, is_error: bool) {
        for output in &mut self.outputs {
            if output.is_error == is_error && !output.is_left {
                output.fd = None;
            }
        }
    }

    /// Gives the job as much of its input as it takes at once, and tells the host how much that
    /// was.
    pub(super) fn feed(&mut self) -> io::Result<()> {
        let Some(input) = &self.input else {
            self.pending_input.clear();
            return Ok(());
        };
        let before = self.pending_input.len();
        let mut is_open = true;
        while !self.pending_input.is_empty() {
            match rustix::io::write(input, self.pending_input.make_contiguous()) {
                Ok(count) => drop(self.pending_input.drain(..count)),
                Err(rustix::io::Errno::AGAIN) => break,
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => {
                    is_open = false;
                    break;
                }
            }
        }
        let taken = before - self.pending_input.len();
        if !is_open || (self.input_ends && self.pending_input.is_empty()) {
            self.input = None;
            self.pending_input.clear();
        }
        if taken == 0 {
            return Ok(());
        }
        self.host.send(&FromAgent::InputTaken(taken as u64))
    }
}
