//! One job of several, in a thread of its own: reads it from its channel, and runs it as the only job
//! is run otherwise. Knows no other channel.

use super::harvest::Harvest;
use super::stream::Host;
use super::{kind, memory, run};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixListener;
use vm_test_protocol::agent::{End, Ended, FromAgent, Job, Obstacle, ToAgent};
use vm_test_protocol::harvest::Wanted;
use vm_test_protocol::{ENV_CHANNEL, body_socket};
use vm_test_sys::priority;

/// What the jobs of a guest have in common.
#[derive(Debug)]
pub(super) struct Guest {
    /// Where bodies connect that have no channel.
    pub(super) listener: UnixListener,
    pub(super) memory: memory::Limit,
}

/// Where the body of one channel connects.
struct Reports {
    listener: UnixListener,
    path: String,
}

impl Reports {
    fn listen(channel: u32) -> io::Result<Self> {
        let path = body_socket(channel);
        let listener = UnixListener::bind(&path)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener, path })
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Runs the job of a channel to its end; returns the streams that processes may still write to.
///
/// # Errors
/// If the client has closed the channel before the job ended, or the agent cannot go on.
pub(super) fn run(guest: &Guest, channel: u32, stream: OwnedFd) -> io::Result<Vec<OwnedFd>> {
    if kind::is_vm() {
        // A new thread has the normal priority. It can still do its work then, only later.
        let _ = priority::raise();
    }
    let mut host = Host::new(stream)?;
    let mut left = Vec::new();
    let mut job = match first(&mut host)? {
        Some(First::Job(job)) => *job,
        Some(First::Bring(wanted)) => {
            Harvest::left(wanted).bring(&mut host)?;
            host.send(&FromAgent::Ended(Ended::with_end(End::Exited(0))))?;
            host.finish()?;
            return Ok(left);
        }
        None => return Ok(left),
    };
    if job.test.is_none() {
        run::run(&mut host, &guest.listener, job, &guest.memory, &mut left)?;
        return Ok(left);
    }
    match Reports::listen(channel) {
        Ok(reports) => {
            let number = channel.to_string().into_bytes();
            job.environment.push((ENV_CHANNEL.into(), number));
            run::run(&mut host, &reports.listener, job, &guest.memory, &mut left)?;
        }
        Err(error) => {
            let reason = format!("cannot listen at {}: {error}", body_socket(channel));
            host.send(&FromAgent::Ended(not_started(reason)))?;
            host.finish()?;
        }
    }
    Ok(left)
}

/// Returns the end of a job that no process was started for.
pub(super) fn not_started(reason: String) -> Ended {
    Ended::with_end(End::NotStarted {
        reason,
        obstacle: Obstacle::Other,
    })
}

/// What a channel is for.
enum First {
    Job(Box<Job>),
    /// What jobs have left.
    Bring(Wanted),
}

fn first(host: &mut Host) -> io::Result<Option<First>> {
    while let Some(message) = host.wait_for_next()? {
        match message {
            ToAgent::Job(job) => return Ok(Some(First::Job(job))),
            ToAgent::Bring(wanted) => return Ok(Some(First::Bring(wanted))),
            _ => {}
        }
    }
    Ok(None)
}
