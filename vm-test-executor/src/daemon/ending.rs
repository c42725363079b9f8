//! The end of an instance: its last messages, and the report of how it ended.

use super::event::{self, Event};
use super::instance::Instance;
use crate::backend::Unrun;
use crate::host::refusal;
use crate::keeper::{KeeperReport, describe_end};
use crate::sys::namespaces::{Step, early_end};
use rustix::process::WaitIdStatus;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;
use vm_test::protocol::daemon::Obituary;
use vm_test::protocol::errno::Tried;
use vm_test::protocol::failure::Failure;
use vm_test::protocol::frame;

/// How long a keeper that has died may take to be read from.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// How long a guest whose test process is gone may take to say what it was doing.
const PARTING: Duration = Duration::from_secs(1);

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
        let event = event::wait(self.process(), None, &holder, stop);
        if !matches!(event, Event::Died | Event::Unnoticed) {
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

    /// Why the keeper did not take what was handed to it, by its own last word or by the kernel's.
    pub(super) fn early_failure(&mut self) -> Option<Failure> {
        let ended = self.kill();
        match self.last_words(LAST_WORDS) {
            Some(KeeperReport::Failed(failure)) => Some(failure),
            _ => ended.is_early().then(|| {
                let subject = format!("instance {} of guest `{}`", self.name, self.guest);
                ended.failure(&format!("cannot start {subject}"))
            }),
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
    code: Option<i32>,
    signal: Option<i32>,
}

impl KeeperEnd {
    /// What the kernel says of it.
    pub(super) fn of(status: Option<&WaitIdStatus>) -> Self {
        Self {
            code: status.and_then(WaitIdStatus::exit_status),
            signal: status.and_then(WaitIdStatus::terminating_signal),
        }
    }

    /// Whether it ended before it was a keeper.
    fn is_early(&self) -> bool {
        self.code.and_then(early_end).is_some()
    }

    /// The failure that has this end as its cause.
    pub(super) fn failure(&self, what: &str) -> Failure {
        let keeper = |words: String| Failure::new(format!("{what}: its keeper {words}"));
        let (step, error) = match (self.code, self.signal) {
            (Some(code), _) => match early_end(code) {
                Some(early) => early,
                None => return keeper(format!("exited with code {code}")),
            },
            (_, Some(signal)) => return keeper(format!("was killed by signal {signal}")),
            _ => return keeper("ended".to_owned()),
        };
        match step {
            Step::Identity => {
                let words = format!("could not become root in its user namespace: {error}");
                refusal::in_namespaces(keeper(words), &error)
            }
            Step::Descriptors => keeper(format!("could not take its descriptors: {error}"))
                .because(Tried::Descriptor, &error),
            Step::Execution => match error.raw_os_error() {
                Some(libc::EACCES) => keeper(
                    "could not be executed: others than its owner may not execute vm-test"
                        .to_owned(),
                ),
                _ => keeper(format!("could not be executed: {error}")),
            }
            .because(Tried::Process, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::namespaces::early;

    #[test]
    fn a_keeper_that_did_not_begin_is_told_with_its_step_and_the_cure_for_its_cause() {
        let end = |step, error| KeeperEnd {
            code: Some(early(step, error)),
            signal: None,
        };
        for (end, words, hint, missing) in [
            (
                end(Step::Identity, libc::EPERM),
                "could not become root in its user namespace: Operation not permitted",
                "",
                true,
            ),
            (
                end(Step::Identity, libc::EAGAIN),
                "could not become root in its user namespace: Resource temporarily",
                "the limit of processes and threads",
                false,
            ),
            (
                end(Step::Descriptors, libc::EMFILE),
                "could not take its descriptors: Too many open files",
                "the limit of open files is too low",
                false,
            ),
            (
                end(Step::Execution, libc::EACCES),
                "could not be executed: others than its owner",
                "this user may not execute the program",
                false,
            ),
            (
                end(Step::Execution, libc::ENOMEM),
                "could not be executed: Cannot allocate memory",
                "the host is out of memory",
                false,
            ),
        ] {
            let failure = end.failure("cannot start it");
            let expected = format!("cannot start it: its keeper {words}");
            assert!(failure.message.starts_with(&expected), "{failure}");
            let given = failure.hint.unwrap_or_default();
            assert!(given.starts_with(hint), "{given}");
            assert_eq!(failure.missing, missing, "{expected}");
        }
        let killed = KeeperEnd {
            code: None,
            signal: Some(9),
        };
        let failure = killed.failure("it died");
        assert_eq!(
            failure,
            Failure::new("it died: its keeper was killed by signal 9")
        );
    }
}
