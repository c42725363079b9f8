//! Instances and labs that outlive their tests: how one is handed over to the daemon, and how a user
//! enters an instance. Does not decide whether anything is kept.

use super::{Agent, Connection, Executor, Lab, Lease, cure, is_gone};
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;
use vm_test_protocol::daemon::{Attached, Reply, Request};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;

/// The command of the program that hands the stream on its standard input over to the daemon.
///
/// A descriptor cannot be sent from here without unsafe code, but it can be given to a child.
pub const KEEP: &str = "keep";

/// The option that makes it hand over a lab.
pub const KEEP_LAB: &str = "lab";

impl Lease {
    /// Makes the daemon the holder of this lease, so that the instance outlives this process;
    /// returns for how long.
    ///
    /// The job must be over.
    ///
    /// # Errors
    /// If the daemon refuses to keep it.
    pub fn keep(&self) -> Result<Duration, Failure> {
        keep(&self.granted.instance, &self.agent)
    }

    /// Attaches to a kept instance behind this socket; returns `None` if there is no daemon.
    ///
    /// # Errors
    /// If the daemon does not know the instance, or another client is attached.
    pub fn attach(socket: &Path, instance: &str) -> Result<Option<(Self, Attached)>, Failure> {
        let mut connection = match Connection::to(socket) {
            Ok(connection) => connection,
            Err(error) if is_gone(&error) => return Ok(None),
            Err(error) => {
                return Err(Failure::new(format!(
                    "cannot attach to {instance}: cannot reach the daemon at {}: {error}",
                    socket.display()
                ))
                .hint(cure(&error)));
            }
        };
        let request = Request::Attach {
            instance: instance.to_owned(),
        };
        let reply = connection
            .send(&request)
            .and_then(|()| connection.receive());
        match reply {
            Ok(Reply::Attached(attached)) => Ok(Some((
                Self {
                    agent: Agent::new(connection.stream, connection.buffer),
                    granted: attached.granted.clone(),
                    kernel: String::new(),
                    degraded: None,
                    took: Duration::ZERO,
                    granted_after: Duration::ZERO,
                },
                attached,
            ))),
            Ok(Reply::Refused(failure)) => Err(failure),
            Ok(other) => Err(Failure::new(format!(
                "cannot attach to {instance}: the daemon answered {other:?}"
            ))),
            // When a daemon stops, the instances that it kept end, too.
            Err(error) if is_gone(&error) => Ok(None),
            Err(error) => Err(Failure::new(format!(
                "cannot attach to {instance}: the daemon does not answer: {error}"
            ))
            .hint(cure(&error))),
        }
    }
}

impl Lab {
    /// Makes the daemon the holder of this lab, so that it outlives this process; returns for how
    /// long.
    ///
    /// Its nodes must be kept already: see [`Lease::keep`].
    ///
    /// # Errors
    /// If the daemon refuses to hold it.
    pub fn keep(&self) -> Result<Duration, Failure> {
        let option = format!("--{KEEP_LAB}");
        hand_over(&[KEEP, &option, &self.granted.lab], self.stream())
    }
}

/// Makes the daemon the holder of the lease of an instance, whose agent has no job; returns for how
/// long it is kept.
///
/// # Errors
/// If the daemon refuses to keep it.
pub fn keep(instance: &str, agent: &Agent) -> Result<Duration, Failure> {
    hand_over(&[KEEP, instance], agent.sender())
}

/// Has the program hand a stream over to the daemon, as these arguments say.
fn hand_over(args: &[&str], stream: io::Result<UnixStream>) -> Result<Duration, Failure> {
    let cannot = |cause: &dyn std::fmt::Display| {
        Failure::new(format!("cannot hand it over to the daemon: {cause}"))
    };
    let executor = Executor::locate()?;
    let stream = stream.map_err(|error| cannot(&error).because(Tried::Descriptor, &error))?;
    let output = Command::new(&executor.path)
        .args(args)
        .stdin(Stdio::from(OwnedFd::from(stream)))
        .output()
        .map_err(|error| cannot(&error).because(Tried::Process, &error))?;
    let words = String::from_utf8_lossy(&output.stdout);
    match words.trim().parse() {
        Ok(millis) if output.status.success() => Ok(Duration::from_millis(millis)),
        _ => {
            let words = String::from_utf8_lossy(&output.stderr);
            Err(Failure::last_in(&words).unwrap_or_else(|| cannot(&output.status)))
        }
    }
}

/// Returns the program `vm-test` as its user would type it.
#[must_use]
pub fn program() -> String {
    let Ok(executor) = Executor::locate() else {
        return "vm-test".to_owned();
    };
    let name = executor.path.file_name().unwrap_or(OsStr::new("vm-test"));
    let found = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path)
            .map(|dir| dir.join(name))
            .find(|file| file.is_file())
    });
    let is_found = found.and_then(|file| file.canonicalize().ok()) == Some(executor.path.clone());
    let shown = if is_found {
        PathBuf::from(name)
    } else {
        executor.path
    };
    shown.display().to_string()
}
