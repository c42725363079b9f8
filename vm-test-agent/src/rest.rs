//! Between jobs: reaps children, drains the output of processes that earlier jobs left running,
//! waits for the next job.

use super::stream::Host;
use super::{memory, reap};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant};
use vm_test_protocol::agent::{Job, ToAgent};

/// How often the memory in use is checked.
const MEMORY_TICK: Duration = Duration::from_millis(250);

/// How often orphans are reaped.
const TICK: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 250_000_000,
};

/// Waits for the next job; returns `None` when the host is gone.
///
/// # Errors
/// If the host breaks the protocol, or remaining processes use more memory than the guest has.
pub(super) fn next_job(
    host: &mut Host,
    listener: &UnixListener,
    memory_limit: Option<u64>,
    left: &mut Vec<OwnedFd>,
) -> io::Result<Option<Job>> {
    let mut memory = memory::Watch::default();
    let mut looked = Instant::now();
    loop {
        while let Some(message) = host.next()? {
            // Any other message was for a job that has ended meanwhile.
            if let ToAgent::Job(job) = message {
                return Ok(Some(*job));
            }
        }
        if host.gone {
            return Ok(None);
        }
        let mut fds = vec![
            PollFd::new(&*host, PollFlags::IN),
            PollFd::new(listener, PollFlags::IN),
        ];
        fds.extend(left.iter().map(|fd| PollFd::new(fd, PollFlags::IN)));
        match poll(&mut fds, Some(&TICK)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<_> = fds.iter().map(|fd| !fd.revents().is_empty()).collect();
        drop(fds);
        if ready[0] {
            host.read_some()?;
        }
        if ready[1] {
            // There is no test to report on.
            drop(listener.accept());
        }
        let mut is_ready = ready[2..].iter();
        left.retain(|fd| !is_ready.next().is_some_and(|ready| *ready) || goes_on(fd));
        reap::orphans();
        // The next job usually comes sooner, and then no check is needed.
        if looked.elapsed() < MEMORY_TICK {
            continue;
        }
        looked = Instant::now();
        if memory_limit.is_some_and(|limit| memory.in_use() > limit) {
            return Err(io::Error::other(
                "what the job has left uses more memory than the guest has",
            ));
        }
    }
}

/// Discards output that nobody reads any more; returns whether there may be more.
fn goes_on(fd: &OwnedFd) -> bool {
    let mut bytes = [0; 1 << 14];
    match rustix::io::read(fd, &mut bytes) {
        Ok(count) => count > 0,
        Err(error) => error == rustix::io::Errno::INTR || error == rustix::io::Errno::AGAIN,
    }
}
