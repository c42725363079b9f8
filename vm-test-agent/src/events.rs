//! Waiting for what may happen next to a running job. Waits and tells; handles nothing.

use super::run::Running;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::unix::net::UnixListener;
use std::time::Duration;

impl Running<'_> {
    /// Waits for the first event, at most for `wait`.
    pub(super) fn await_events(
        &self,
        listener: &UnixListener,
        wait: Duration,
    ) -> io::Result<Ready> {
        let mut to_host = PollFlags::IN;
        to_host.set(PollFlags::OUT, self.host.is_pending());
        let mut fds = vec![PollFd::new(&*self.host, to_host)];
        let mut slots = vec![Slot::Host, Slot::Connect];
        fds.push(PollFd::new(listener, PollFlags::IN));
        if let Some(body) = &self.body
            && let Some(fd) = body.waits_on()
        {
            let mut of_body = PollFlags::IN;
            of_body.set(PollFlags::OUT, body.is_pending());
            fds.push(PollFd::from_borrowed_fd(fd, of_body));
            slots.push(Slot::Other);
        }
        if let Some(child) = &self.pidfd {
            fds.push(PollFd::new(child, PollFlags::IN));
            slots.push(Slot::Other);
        }
        for (index, output) in self.outputs.iter().enumerate() {
            // Output that the host does not take stays in the pipe, and the job waits.
            if let Some(fd) = output.fd.as_ref().filter(|_| !self.host.is_full()) {
                fds.push(PollFd::new(fd, PollFlags::IN));
                slots.push(Slot::Output(index));
            }
        }
        if let Some(input) = self
            .input
            .as_ref()
            .filter(|_| !self.pending_input.is_empty())
        {
            fds.push(PollFd::new(input, PollFlags::OUT));
            slots.push(Slot::Input);
        }
        // After the host has gone, its stream would always be readable.
        let timeout = Timespec {
            tv_sec: i64::try_from(wait.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: wait.subsec_nanos().into(),
        };
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let mut ready = Ready {
            outputs: vec![false; self.outputs.len()],
            ..Ready::default()
        };
        for (fd, slot) in fds.iter().zip(slots) {
            let happened = !fd.revents().is_empty();
            match slot {
                Slot::Host => {
                    ready.host = !(fd.revents() - PollFlags::OUT).is_empty();
                    ready.room = fd.revents().contains(PollFlags::OUT);
                }
                Slot::Connect => ready.connect = happened,
                Slot::Output(index) => ready.outputs[index] = happened,
                Slot::Input => ready.input = happened,
                Slot::Other => {}
            }
        }
        Ok(ready)
    }
}

enum Slot {
    Host,
    Connect,
    Output(usize),
    Input,
    Other,
}

/// What is ready.
#[derive(Default)]
pub(super) struct Ready {
    /// The host has sent something, or is gone.
    pub(super) host: bool,
    /// The host can take more.
    pub(super) room: bool,
    /// A body wants to connect.
    pub(super) connect: bool,
    /// The job can take input.
    pub(super) input: bool,
    /// For each stream of the job, whether it has output.
    pub(super) outputs: Vec<bool>,
}
