//! Why a VM did not start, and whether the guest, the host or a timeout is the cause. Others decide
//! how to react.

use super::complaint::is_want;
use super::qemu::Ended;
use rustix::process::Signal;
use vm_test_protocol::failure::{Failure, Kind};

/// Why the agent's next message did not come.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failure: Failure,
    pub(super) blame: Blame,
}

/// What is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The VM: it had everything it needs, and QEMU refused it or exited.
    Machine,
    /// Its agent said nothing within the limit. Either the VM is at fault, or the host is slow at
    /// the moment.
    Silence,
    /// The host, or outside interference. The next attempt may succeed.
    Host,
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            blame: Blame::Host,
        }
    }
}

impl Trouble {
    pub(super) fn new(failure: Failure, blame: Blame) -> Self {
        Self { failure, blame }
    }
}

/// Signals that a program causes by what it does. SIGBUS is not one: memory backed by a file may
/// have no space on its disk.
const OWN: [Signal; 5] = [
    Signal::ILL,
    Signal::ABORT,
    Signal::FPE,
    Signal::SEGV,
    Signal::SYS,
];

/// Returns what is to blame for QEMU's end, given its last error message.
pub(super) fn blame_for(ended: &Ended, complaint: Option<&str>) -> Blame {
    let wants = complaint.is_some_and(is_want);
    let is_own = ended
        .signal
        .is_none_or(|signal| OWN.iter().any(|own| own.as_raw() == signal));
    if is_own && !wants {
        Blame::Machine
    } else {
        Blame::Host
    }
}

/// The failure with its cure, where the host has no more memory.
pub(super) fn with_cure(failure: Failure) -> Failure {
    if failure.hint.is_none() && failure.kind() == Kind::HostExhausted {
        return failure.hint("run fewer tests at a time, or lower VM_TEST_MEMORY_BUDGET (MiB) before the daemon starts");
    }
    failure
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_end_of_its_own_is_blamed_on_the_machine() {
        let ended = |signal: Option<i32>| Ended {
            success: false,
            words: String::new(),
            signal,
        };
        for (signal, complaint, blame) in [
            (None, None, Blame::Machine),
            (None, Some("error while loading state"), Blame::Machine),
            (
                None,
                Some("cannot set up guest memory 'ram': Cannot allocate memory"),
                Blame::Host,
            ),
            (Some(libc::SIGABRT), None, Blame::Machine),
            (Some(libc::SIGKILL), None, Blame::Host),
            (Some(libc::SIGTERM), None, Blame::Host),
            // The disk that backs its memory is full.
            (Some(libc::SIGBUS), None, Blame::Host),
        ] {
            let found = blame_for(&ended(signal), complaint);
            assert_eq!(found, blame, "{signal:?} {complaint:?}");
        }
    }
}
