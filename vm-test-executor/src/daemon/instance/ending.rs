//! The end of an instance: its last messages, and the report of how it ended.

use super::event::{self, Event};
use super::instance::Instance;
use crate::backend::Unrun;
use crate::keeper::{KeeperReport, describe_end};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use vm_test_protocol::daemon::ExitReport;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;

/// How long to wait for the report of a keeper that has died.
const LAST_MESSAGE: Duration = Duration::from_millis(200);

/// How long a guest without its test process has to report what it was doing. Only one that hangs
/// needs all of it; a VM on a busy host may need seconds for its words.
const LOST_GUEST: Duration = Duration::from_secs(5);

impl Instance {
    /// Destroys the instance and reports what became of it.
    pub(crate) fn destroy(mut self, event: Event) -> ExitReport {
        let ended = self.kill();
        let said = self.last_message(LAST_MESSAGE);
        let said = said.filter(|_| event == Event::Died);
        let oom_kills = self.oom_watch().oom_kills();
        let subject = format!("instance {} of guest `{}`", self.name, self.guest);
        let cause = match (event, said) {
            (Event::Released, _) => Failure::new(format!("{subject} was given up")),
            (Event::Stopping, _) => {
                Failure::new(format!("{subject} was destroyed: the daemon was stopped"))
            }
            (Event::Unnoticed, _) => Failure::new(format!(
                "{subject} died: its first process was killed before it began"
            )),
            (Event::Abandoned, _) => Failure::new(format!(
                "{subject} died: a process in the guest killed its agent"
            )),
            (Event::Died, Some(KeeperReport::Failed(failure))) => failure,
            (Event::Died, Some(KeeperReport::Ended(status))) => Failure::new(format!(
                "{subject} died: its first process {} before the test did",
                describe_end(status)
            )),
            (Event::Died, None) if oom_kills > 0 => {
                Failure::new(format!("{subject} died: it ran out of memory"))
            }
            (Event::Died, _) => ended.failure(&format!("{subject} died")),
        };
        ExitReport {
            cause: Some(match (&self.console, event) {
                (Some(console), Event::Died | Event::Abandoned | Event::Unnoticed) => {
                    cause.with_console(&console.last_lines())
                }
                _ => cause,
            }),
            oom_kills,
        }
    }

    /// Waits for the end of a VM that is to be saved.
    pub(crate) fn saved(mut self, stop: &OwnedFd) -> Result<(), Unrun> {
        let (_here, holder) = UnixStream::pair()
            .map_err(|error| Failure::new(format!("cannot make a pair of sockets: {error}")))?;
        let what = format!("cannot make a template for guest `{}`", self.guest);
        let event = event::wait(self.process(), None, &holder, stop);
        if !matches!(event, Event::Died | Event::Unnoticed) {
            return Err(Failure::new(format!("{what}: the daemon was stopped")).into());
        }
        let said = self.last_message(LAST_MESSAGE);
        let is_unbooted = matches!(said, Some(KeeperReport::Unbooted(_)));
        let failure = match said {
            Some(KeeperReport::Ended(0)) => return Ok(()),
            Some(KeeperReport::Failed(failure) | KeeperReport::Unbooted(failure)) => {
                match &self.console {
                    Some(console) => failure.with_console(&console.last_lines()),
                    None => failure,
                }
            }
            _ => self.kill().failure(&what),
        };
        Err(Unrun {
            failure,
            is_unbooted,
        })
    }

    /// Returns the guest's own report of its end, if it ends by itself now that the test process is
    /// gone.
    pub(crate) fn last_message_when_lost(&self) -> Option<String> {
        // A guest with its own init goes on without a test process.
        match self
            .agent
            .is_none()
            .then(|| self.last_message(LOST_GUEST))?
        {
            Some(KeeperReport::Failed(failure)) => Some(failure.text()),
            _ => None,
        }
    }

    /// Returns why the keeper ended before it took what it was given, as it or the kernel reports.
    pub(super) fn early_failure(&mut self) -> Option<Failure> {
        let ended = self.kill();
        match self.last_message(LAST_MESSAGE) {
            Some(KeeperReport::Failed(failure)) => Some(failure),
            _ => ended.is_early().then(|| {
                let subject = format!("instance {} of guest `{}`", self.name, self.guest);
                ended.failure(&format!("cannot start {subject}"))
            }),
        }
    }

    fn last_message(&self, within: Duration) -> Option<KeeperReport> {
        if self.said.is_some() {
            return self.said.clone();
        }
        self.control.set_read_timeout(Some(within)).ok()?;
        frame::read(&self.control).ok().flatten()
    }
}

#[cfg(test)]
mod tests;
