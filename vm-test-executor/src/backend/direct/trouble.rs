//! Why the first process of a container could not be started, as data: it is known in the copy that
//! was to become that process, and told by the one that made the copy.

use crate::backend::container::Machine;
use crate::host::refusal;
use serde::{Deserialize, Serialize};
use std::io;
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;

/// What could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Trouble {
    what: String,
    error: i32,
    tried: Step,
}

/// Which hint fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Mount,
    Descriptor,
    Process,
}

impl Trouble {
    fn of(what: &str, error: &io::Error, tried: Step) -> Self {
        Self {
            what: what.to_owned(),
            error: error.raw_os_error().unwrap_or_default(),
            tried,
        }
    }

    /// Something could not be mounted.
    pub(super) fn mounting(what: &str, error: &io::Error) -> Self {
        Self::of(what, error, Step::Mount)
    }

    /// A descriptor could not be made or handed on.
    pub(super) fn handing(what: &str, error: &io::Error) -> Self {
        Self::of(what, error, Step::Descriptor)
    }

    /// A process could not be started.
    pub(super) fn starting(what: &str, error: &io::Error) -> Self {
        Self::of(what, error, Step::Process)
    }

    /// Returns the failure of the container.
    pub(super) fn failure(&self, machine: &Machine) -> Failure {
        let error = io::Error::from_raw_os_error(self.error);
        let failure = Failure::new(format!(
            "cannot start instance {} of guest `{}`: {}: {error}",
            machine.instance, machine.guest, self.what
        ));
        let failure = match self.tried {
            Step::Mount => refusal::in_namespaces(failure, &error),
            Step::Descriptor => failure.because(Tried::Descriptor, &error),
            Step::Process => failure.because(Tried::Process, &error),
        };
        match failure.hint {
            Some(_) => failure,
            None => failure.hint("`vm-test doctor` checks what this host allows"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::container::Network;

    #[test]
    fn a_failure_names_the_instance_the_step_and_the_cure_for_its_cause() {
        let machine = Machine {
            instance: "a-1".to_owned(),
            guest: "a".to_owned(),
            room: "/run".into(),
            root: "/run/root".into(),
            devices: Vec::new(),
            shared_memory: None,
            loader: None,
            network: Network::Own,
            memory: 1,
            watch_memory: false,
            ahead: false,
            boot: None,
        };
        let error = io::Error::from_raw_os_error;
        for (trouble, words, hint) in [
            (
                Trouble::starting("start its first process", &error(libc::EAGAIN)),
                "start its first process: Resource temporarily unavailable",
                "the limit of processes",
            ),
            (
                Trouble::handing("make a pipe", &error(libc::EMFILE)),
                "make a pipe: Too many open files",
                "the limit of open files",
            ),
            (
                Trouble::mounting("mount its /dev", &error(libc::ENOMEM)),
                "mount its /dev: Cannot allocate memory",
                "the host is out of memory",
            ),
            (
                Trouble::starting("execute its agent", &error(libc::ENOENT)),
                "execute its agent: No such file",
                "`vm-test doctor`",
            ),
        ] {
            let failure = trouble.failure(&machine);
            let begin = format!("cannot start instance a-1 of guest `a`: {words}");
            assert!(failure.message.starts_with(&begin), "{failure}");
            assert!(failure.hint.unwrap_or_default().starts_with(hint));
        }
    }
}
