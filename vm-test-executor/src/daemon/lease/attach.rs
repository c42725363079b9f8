//! Connects a client (`vm-test attach`) to the agent of a kept instance for one job. Passes on
//! whole messages only, so that a client that disconnects in the middle of one does not corrupt the
//! stream to the agent.

use super::host::Host;
use super::kept::Kept;
use crate::sync;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use vm_test_protocol::agent::{FromAgent, ToAgent};
use vm_test_protocol::daemon::{Attached, Reply};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame::{self, FrameBuffer};

/// How long a job may take to end after its terminal is gone, and after it is killed.
const HANG_UP: Duration = Duration::from_secs(2);
const KILL: Duration = Duration::from_secs(5);

/// Serves a client until its job has ended.
pub(crate) fn serve(host: &Host, client: &UnixStream, instance: &str) {
    let cannot = |cause: &str| Failure::new(format!("cannot attach to {instance}: {cause}"));
    let found = host.registry.with(instance, |living| {
        let kept = living.kept.as_ref().map(Arc::clone)?;
        Some((kept, living.granted.clone(), living.status.purpose.clone()))
    });
    let (kept, granted, purpose) = match found {
        Some(Some(found)) => found,
        Some(None) => {
            let failure = cannot("its test still runs").hint("instances are kept when tests fail");
            return refuse(client, failure);
        }
        None => {
            let failure = cannot("there is no such instance");
            return refuse(
                client,
                failure.hint("`vm-test ps` lists kept instances; `vm-test logs` shows the console and output of others"),
            );
        }
    };
    let Some(_visit) = client.try_clone().ok().and_then(|copy| kept.enter(copy)) else {
        return refuse(client, cannot("another session is already attached to it"));
    };
    let attached = Attached {
        granted,
        purpose,
        stays: kept.stays(),
    };
    if frame::write(client, &Reply::Attached(attached)).is_err() {
        return;
    }
    // The job must come first.
    let Ok(Some(job @ ToAgent::Job(_))) = frame::read(client) else {
        return;
    };
    let _ = client.set_read_timeout(None);
    if relay(&kept, client, &job).is_err() {
        // The stream is in an undefined state, so nobody can attach any more.
        kept.end();
    }
    let _ = client.shutdown(Shutdown::Both);
}

fn refuse(client: &UnixStream, failure: Failure) {
    let _ = frame::write(client, &Reply::Refused(failure));
}

/// Sends the job to the agent and relays messages in both directions until the agent reports the
/// end of the job.
fn relay(kept: &Kept, client: &UnixStream, job: &ToAgent) -> io::Result<()> {
    let agent = Mutex::new(&kept.agent);
    let tell = |message: &ToAgent| {
        let agent = sync::lock(&agent);
        frame::write(*agent, message)
    };
    tell(job)?;
    let (over, ended) = channel();
    std::thread::scope(|scope| {
        std::thread::Builder::new().spawn_scoped(scope, move || {
            // If nobody waits for it any more, the instance is given up.
            let _ = over.send(bring_out(&kept.agent, client));
        })?;
        bring_in(client, &tell);
        // Either the job has ended, which ends this direction, too, or the client is gone.
        let _ = tell(&ToAgent::Signal(libc::SIGHUP));
        let mut outcome = ended.recv_timeout(HANG_UP);
        if outcome == Err(RecvTimeoutError::Timeout) {
            let _ = tell(&ToAgent::Signal(libc::SIGKILL));
            outcome = ended.recv_timeout(KILL);
        }
        match outcome {
            Ok(true) => Ok(()),
            _ => {
                // Unblocks the other thread, which reads there.
                kept.end();
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
    })
}

fn bring_in(mut client: &UnixStream, tell: &dyn Fn(&ToAgent) -> io::Result<()>) {
    let mut buffer = FrameBuffer::default();
    let mut bytes = [0; 1 << 14];
    loop {
        match client.read(&mut bytes) {
            Ok(0) => return,
            Ok(count) => buffer.push(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        }
        loop {
            match buffer.pop::<ToAgent>() {
                // One visit is for one job.
                Ok(Some(ToAgent::Job(_))) => {}
                Ok(Some(message)) if tell(&message).is_ok() => {}
                Ok(None) => break,
                Ok(Some(_)) | Err(_) => return,
            }
        }
    }
}

/// Relays what the agent sends until the job has ended; returns whether it has.
fn bring_out(mut agent: &UnixStream, mut client: &UnixStream) -> bool {
    let mut buffer = FrameBuffer::default();
    let mut bytes = [0; 1 << 14];
    let ended = loop {
        match buffer.pop::<FromAgent>() {
            Ok(Some(message)) => {
                let is_end = matches!(message, FromAgent::Ended(_));
                if let Ok(bytes) = frame::encode(&message) {
                    // If the client is gone, the job still goes on until it is told to end.
                    let _ = client.write_all(&bytes);
                }
                if is_end {
                    break buffer.is_empty();
                }
                continue;
            }
            Ok(None) => {}
            Err(_) => break false,
        }
        match agent.read(&mut bytes) {
            Ok(0) => break false,
            Ok(count) => buffer.push(&bytes[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => break false,
        }
    };
    // Ends the other direction. The client can still read what was written.
    let _ = client.shutdown(Shutdown::Both);
    ended
}

#[cfg(test)]
mod tests;
