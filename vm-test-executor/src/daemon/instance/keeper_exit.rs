//! How a keeper's process ended, and the failure that this is the cause of.

use crate::host::refusal;
use rustix::process::WaitIdStatus;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_sys::namespaces::{Step, early_end};

/// How a keeper's process ended.
#[derive(Clone, Debug)]
pub(super) struct KeeperEnd {
    code: Option<i32>,
    signal: Option<i32>,
}

impl KeeperEnd {
    /// Returns the end that the kernel reports.
    pub(super) fn of(status: Option<&WaitIdStatus>) -> Self {
        Self {
            code: status.and_then(WaitIdStatus::exit_status),
            signal: status.and_then(WaitIdStatus::terminating_signal),
        }
    }

    /// Returns whether it ended before it executed the keeper.
    pub(super) fn is_early(&self) -> bool {
        self.code.and_then(early_end).is_some()
    }

    /// Returns the failure that this end is the cause of.
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
    use vm_test_sys::namespaces::early;

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
            let given = failure.hint.clone().unwrap_or_default();
            assert!(given.starts_with(hint), "{given}");
            assert_eq!(failure.is_missing(), missing, "{expected}");
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
