//! `vm-test stop`: asks every daemon of this user to end, whatever its version, and waits until
//! each is gone.

use super::daemons;
use super::output::say;
use crate::daemon::sweep;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vm_test_protocol::daemon::{Reply, Request};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::{RuntimeDir, is_gone, is_stopped};

/// How long stopping all daemons may take. A daemon gives its own instances ten seconds.
const DEADLINE: Duration = Duration::from_secs(20);

/// A daemon that has been asked to end.
struct Ending {
    socket: PathBuf,
    pid: i32,
    process: OwnedFd,
    /// How many instances it has kept.
    kept: usize,
}

impl Ending {
    fn is_deserted(&self) -> bool {
        self.socket.exists() && UnixStream::connect(&self.socket).is_err()
    }
}

/// Stops all daemons.
pub(super) fn run() -> Result<(), Failure> {
    let mut ending = Vec::new();
    for socket in daemons::sockets()? {
        ending.extend(ask_to_end(&socket)?);
    }
    if ending.is_empty() {
        return say("no daemon is running\n");
    }
    let limit = Instant::now() + DEADLINE;
    let mut left = Vec::new();
    for daemon in &ending {
        if !has_ended(&daemon.process, limit) {
            left.push(format!("process {} still runs", daemon.pid));
            continue;
        }
        // A daemon that was killed meanwhile has left its files. If something answers at the
        // socket, it is a new daemon.
        if daemon.is_deserted()
            && let Some(dir) = RuntimeDir::find()?
        {
            sweep(&dir, None);
        }
        if daemon.is_deserted() {
            left.push(format!(
                "process {} is gone, and its socket {} is not",
                daemon.pid,
                daemon.socket.display()
            ));
        }
    }
    if !left.is_empty() {
        return Err(Failure::new(format!(
            "cannot stop every daemon within {DEADLINE:?}: {}",
            left.join("; ")
        ))
        .hint("`kill -9` ends a hanging process and its instances; then run `vm-test gc`"));
    }
    for daemon in &ending {
        let kept = match daemon.kept {
            0 => String::new(),
            1 => ", and 1 kept instance with it".to_owned(),
            count => format!(", and {count} kept instances with it"),
        };
        say(&format!(
            "stopped the daemon (process {}){kept}\n",
            daemon.pid
        ))?;
    }
    Ok(())
}

/// Asks by a request, and by a signal if that is not understood; returns `None` if there is no
/// daemon.
fn ask_to_end(socket: &Path) -> Result<Option<Ending>, Failure> {
    let cannot = |error: &dyn std::fmt::Display| {
        Failure::new(format!(
            "cannot stop the daemon at {}: {error}",
            socket.display()
        ))
    };
    let stream = match UnixStream::connect(socket) {
        Ok(stream) => stream,
        Err(error) if is_gone(&error) => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    let peer = rustix::net::sockopt::socket_peercred(&stream).map_err(|error| cannot(&error))?;
    let process = match pidfd_open(peer.pid, PidfdFlags::empty()) {
        Ok(process) => process,
        Err(rustix::io::Errno::SRCH) => return Ok(None),
        Err(error) => return Err(cannot(&error)),
    };
    drop(stream);
    let pid = peer.pid.as_raw_nonzero().get();
    let end = || -> rustix::io::Result<()> {
        pidfd_send_signal(&process, Signal::TERM)?;
        // A stopped process needs SIGCONT to reach its end.
        if is_stopped(pid.unsigned_abs()) {
            pidfd_send_signal(&process, Signal::CONT)
        } else {
            Ok(())
        }
    };
    if is_stopped(pid.unsigned_abs()) {
        end().map_err(|error| cannot(&error))?;
    }
    let kept = match daemons::ask(socket, &Request::Status) {
        Ok(Some(Reply::Status(status))) => {
            let kept = status.instances.iter().filter(|it| it.kept.is_some());
            kept.count()
        }
        _ => 0,
    };
    if daemons::ask(socket, &Request::Stop).is_err() {
        // It hangs, or is of another version.
        end().map_err(|error| cannot(&error))?;
    }
    Ok(Some(Ending {
        socket: socket.to_path_buf(),
        pid,
        process,
        kept,
    }))
}

fn has_ended(process: &OwnedFd, limit: Instant) -> bool {
    loop {
        let left = limit.saturating_duration_since(Instant::now());
        let wait = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(0),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(process, PollFlags::IN)], Some(&wait)) {
            Ok(count) => return count > 0,
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return false,
        }
    }
}
