//! The end of an instance: what it says last, and what became of it, for people.

use super::event::{self, Event};
use super::instance::Instance;
use crate::backend::Unrun;
use crate::host::refusal;
use crate::keeper::{KeeperReport, describe_end};
use rustix::process::WaitIdStatus;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use vm_test::protocol::daemon::Obituary;
use vm_test::protocol::failure::Failure;
use vm_test::protocol::frame;

/// How long a keeper that has died may take to be read from.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a guest whose test process is gone may take to say what it was doing.
const PARTING: Duration = Duration::from_secs(1);

/// The exit code of a process that could not become a keeper.
const BEFORE_EXECUTION: i32 = 125;

impl Instance {
    /// Destroys it and says what became of it.
    pub(super) fn destroy(mut self, event: Event) -> Obituary {
        let ended = self.kill();
        let said = self.last_words(LAST_WORDS);
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
            (Event::Abandoned, _) => {
                Failure::new(format!("{subject} died: something in it ended its agent"))
            }
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
        Obituary {
            cause: Some(match (&self.console, event) {
                (Some(console), Event::Died | Event::Abandoned | Event::Unnoticed) => {
                    cause.with_console(&console.last_lines())
                }
                _ => cause,
            }),
            oom_kills,
        }
    }

    /// Waits for the end of a machine that is only to be saved.
    pub(super) fn saved(mut self, stop: &OwnedFd) -> Result<(), Unrun> {
        let (_here, holder) = UnixStream::pair()
            .map_err(|error| Failure::new(format!("cannot make a pair of sockets: {error}")))?;
        let what = format!("cannot make a template for guest `{}`", self.guest);
        if event::wait(self.process(), None, &holder, stop) != Event::Died {
            return Err(Failure::new(format!("{what}: the daemon was stopped")).into());
        }
        let said = self.last_words(LAST_WORDS);
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

    /// What the guest says of its end, if it ends by itself now that its holder is gone.
    pub(super) fn parting_words(&self) -> Option<String> {
        // With an init of its own it does not.
        match self.agent.is_none().then(|| self.last_words(PARTING))? {
            Some(KeeperReport::Failed(failure)) => Some(failure.message),
            _ => None,
        }
    }

    fn last_words(&self, within: Duration) -> Option<KeeperReport> {
        self.control.set_read_timeout(Some(within)).ok()?;
        frame::read(&self.control).ok().flatten()
    }
}

/// How a keeper's process ended.
#[derive(Clone, Debug)]
pub(super) struct KeeperEnd {
    words: String,
    /// Whether the kernel kept it from being root where it should have been.
    denied: bool,
}

impl KeeperEnd {
    /// What the kernel says of it.
    pub(super) fn of(status: Option<&WaitIdStatus>) -> Self {
        let code = status.and_then(WaitIdStatus::exit_status);
        let signal = status.and_then(WaitIdStatus::terminating_signal);
        let words = match (code, signal) {
            (Some(BEFORE_EXECUTION), _) => "could not become root in its user namespace".to_owned(),
            (Some(126), _) => {
                "could not be executed: others than its owner may not execute vm-test".to_owned()
            }
            (Some(code), _) => format!("exited with code {code}"),
            (_, Some(signal)) => format!("was killed by signal {signal}"),
            _ => "ended".to_owned(),
        };
        Self {
            words,
            denied: code == Some(BEFORE_EXECUTION),
        }
    }

    /// The failure that has this end as its cause.
    pub(super) fn failure(&self, what: &str) -> Failure {
        let failure = Failure::new(format!("{what}: its keeper {}", self.words));
        match self.denied {
            true => {
                let error = io::Error::from_raw_os_error(libc::EPERM);
                refusal::in_namespaces(failure, &error)
            }
            false => failure,
        }
    }
}
