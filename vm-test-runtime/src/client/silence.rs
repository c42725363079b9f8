//! A daemon that runs but does not answer: how it is told apart from a slow one, and the message
//! about it.

use crate::process_file;
use std::fs;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a daemon may be stopped before its clients give up.
pub(super) const STOPPED: Duration = Duration::from_secs(5);

/// How often to check whether it is.
pub(super) const LOOK: Duration = Duration::from_secs(1);

/// A daemon that does not answer.
#[derive(Debug)]
pub(super) struct Silent {
    pid: Option<u32>,
    cause: String,
}

impl Silent {
    /// Returns the error of a daemon that a signal or a debugger has stopped.
    pub(super) fn stopped(pid: u32) -> io::Error {
        let cause = format!("process {pid} is stopped and does not answer");
        io::Error::other(Self {
            pid: Some(pid),
            cause,
        })
    }

    /// Returns the error of a daemon that has been silent for too long.
    pub(super) fn late(pid: Option<u32>, within: Duration) -> io::Error {
        let who = pid.map_or("it".to_owned(), |pid| format!("process {pid}"));
        let cause = format!("{who} did not answer within {within:?}");
        io::Error::new(io::ErrorKind::TimedOut, Self { pid, cause })
    }

    /// Returns the hint for the error of a daemon that does not answer, if this is one.
    pub(super) fn hint(error: &io::Error) -> Option<String> {
        let silent = error.get_ref()?.downcast_ref::<Self>()?;
        let pid = silent.pid?;
        let ends = format!("`kill -KILL {pid}` ends it and its instances");
        Some(if is_stopped(pid) {
            format!("`kill -CONT {pid}` resumes it; {ends}")
        } else {
            ends
        })
    }
}

impl std::fmt::Display for Silent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.cause)
    }
}

impl std::error::Error for Silent {}

/// Watches the process of a daemon that a client waits for.
pub(super) struct Vigil {
    pid: Option<u32>,
    stopped: Option<Instant>,
}

impl Vigil {
    pub(super) fn over(pid: Option<u32>) -> Self {
        Self { pid, stopped: None }
    }

    /// Checks once.
    ///
    /// # Errors
    /// If the process has been stopped for too long.
    pub(super) fn look(&mut self) -> io::Result<()> {
        match self.pid {
            Some(pid) if is_stopped(pid) => {
                let since = *self.stopped.get_or_insert_with(Instant::now);
                if since.elapsed() < STOPPED {
                    Ok(())
                } else {
                    Err(Silent::stopped(pid))
                }
            }
            _ => {
                self.stopped = None;
                Ok(())
            }
        }
    }

    /// Waits while the process is stopped.
    ///
    /// # Errors
    /// If that takes too long.
    pub(super) fn await_motion(&mut self) -> io::Result<()> {
        while self.pid.is_some_and(is_stopped) {
            self.look()?;
            std::thread::sleep(LOOK / 10);
        }
        self.stopped = None;
        Ok(())
    }
}

/// Returns the daemon that has written its process id into the lock beside this socket, if it is
/// alive.
#[must_use]
pub fn holder(socket: &Path) -> Option<u32> {
    let lock = socket.with_extension("lock");
    // Reading anything else might block.
    let is_file = fs::symlink_metadata(&lock).is_ok_and(|meta| meta.is_file());
    let text = is_file.then(|| fs::read_to_string(&lock))?.ok()?;
    let pid = text.trim().parse().ok()?;
    // After its death another process may have the id.
    let command = process_file::read(pid, "cmdline").ok()?;
    let mut words = command.split(|&byte| byte == 0).skip(1);
    let is_daemon = words.next() == Some(b"daemon") && words.next() == Some(b"--serve");
    is_daemon.then_some(pid)
}

/// Returns whether a signal or a debugger has stopped a process.
#[must_use]
pub fn is_stopped(pid: u32) -> bool {
    let stat = process_file::text(pid, "stat").unwrap_or_default();
    // The name, in parentheses, may contain any character.
    stat.rsplit_once(") ")
        .is_some_and(|(_, rest)| rest.starts_with(['T', 't']))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn a_process_that_is_stopped_is_told_from_one_that_sleeps_and_named_with_the_cures() {
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = child.id();
        assert!(!is_stopped(pid));
        assert!(Vigil::over(Some(pid)).await_motion().is_ok());
        let stop = Command::new("kill")
            .args(["-STOP", &pid.to_string()])
            .status();
        assert!(stop.unwrap().success());
        let limit = Instant::now() + Duration::from_secs(20);
        while !is_stopped(pid) && Instant::now() < limit {
            std::thread::sleep(Duration::from_millis(5));
        }
        let error = Vigil::over(Some(pid)).await_motion().unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("process {pid} is stopped and does not answer")
        );
        let cures =
            format!("`kill -CONT {pid}` resumes it; `kill -KILL {pid}` ends it and its instances");
        assert_eq!(Silent::hint(&error), Some(cures));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(!is_stopped(pid));
    }
}
