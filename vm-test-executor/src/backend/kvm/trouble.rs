//! Why a VM did not start, and whether the guest, the host or a timeout is the cause. Others decide how to react.

use super::qemu::Ended;
use rustix::process::Signal;
use vm_test_protocol::failure::Failure;

/// What kept a machine from its next word.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) failure: Failure,
    pub(super) blame: Blame,
}

/// What is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Blame {
    /// The machine: it had all that it needs, and QEMU refused it or ended by itself.
    Machine,
    /// Its agent said nothing within the limit. Perhaps it is the machine, perhaps a host that is slow just now.
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

/// Signals that a program earns by what it does itself. That memory of a file has no room on its disk is another one.
const OWN: [Signal; 5] = [
    Signal::ILL,
    Signal::ABORT,
    Signal::FPE,
    Signal::SEGV,
    Signal::SYS,
];

/// How QEMU says that the host has no more memory.
const NO_MEMORY: &str = "Cannot allocate memory";

/// How QEMU says that the host has no more of something.
const WANTS: [&str; 3] = [NO_MEMORY, "No space left on device", "Too many open files"];

/// What is to blame for QEMU's end, after which it left this complaint.
pub(super) fn blame_for(ended: &Ended, complaint: Option<&str>) -> Blame {
    let wants = complaint.is_some_and(|words| WANTS.iter().any(|want| words.contains(want)));
    let is_own = ended
        .signal
        .is_none_or(|signal| OWN.iter().any(|own| own.as_raw() == signal));
    match is_own && !wants {
        true => Blame::Machine,
        false => Blame::Host,
    }
}

/// The failure with its cure, where it says that the host has no more memory.
pub(super) fn with_cure(failure: Failure) -> Failure {
    if failure.hint.is_none() && failure.message.contains(NO_MEMORY) {
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
            // The disk below its memory is full.
            (Some(libc::SIGBUS), None, Blame::Host),
        ] {
            let found = blame_for(&ended(signal), complaint);
            assert_eq!(found, blame, "{signal:?} {complaint:?}");
        }
    }
}
