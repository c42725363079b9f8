//! Between jobs: reaps children, drains the output of processes that earlier jobs left running,
//! waits for what the host wants next.

use super::stream::Host;
use super::{children, memory};
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

/// What the host wants next.
#[derive(Debug)]
pub(super) enum Next {
    Job(Box<Job>),
    /// Several jobs at a time.
    Multiplex,
}

/// Waits for what the host wants next; returns `None` when it is gone.
///
/// # Errors
/// If the host breaks the protocol, or remaining processes use more memory than the guest has.
pub(super) fn next(
    host: &mut Host,
    listener: &UnixListener,
    memory: &memory::Limit,
    left: &mut Vec<OwnedFd>,
) -> io::Result<Option<Next>> {
    memory.forget();
    let mut looked = Instant::now();
    loop {
        while let Some(message) = host.next()? {
            match message {
                ToAgent::Job(job) => return Ok(Some(Next::Job(job))),
                ToAgent::Multiplex => return Ok(Some(Next::Multiplex)),
                // Any other message was for a job that has ended meanwhile.
                _ => {}
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
        children::orphans();
        // The next job usually comes sooner, and then no check is needed.
        if looked.elapsed() < MEMORY_TICK {
            continue;
        }
        looked = Instant::now();
        check_memory(memory)?;
    }
}

/// Checks that what earlier jobs have left is within the guest's memory.
///
/// # Errors
/// If it is not: no job can be blamed, so the guest ends.
pub(super) fn check_memory(memory: &memory::Limit) -> io::Result<()> {
    if memory.is_exceeded() {
        let words = "what the job has left uses more memory than the guest has";
        return Err(io::Error::other(words));
    }
    Ok(())
}

/// Discards output that nobody reads any more; returns whether there may be more.
pub(super) fn goes_on(fd: &OwnedFd) -> bool {
    let mut bytes = [0; 1 << 14];
    match rustix::io::read(fd, &mut bytes) {
        Ok(count) => count > 0,
        Err(error) => error == rustix::io::Errno::INTR || error == rustix::io::Errno::AGAIN,
    }
}
