//! Exit codes and their meaning. Part of the command line's interface, and listed in its help.

use vm_test_protocol::agent::{End, Obstacle};

/// The command did not end in time.
pub(super) const TIMED_OUT: u8 = 124;

/// vm-test itself failed, not the command.
pub(super) const FAILED: u8 = 125;

/// The guest cannot execute the command.
pub(super) const NOT_EXECUTABLE: u8 = 126;

/// The guest does not have the command.
pub(super) const NOT_FOUND: u8 = 127;

/// Added to the number of the signal that killed the command.
const SIGNALED: u8 = 128;

/// The command line is wrong; for commands that do not run a command of the user's.
pub(super) const USAGE: u8 = 2;

/// Returns the exit code of `run` and `shell` for this end, following the convention of shells.
pub(super) fn of(end: &End) -> u8 {
    match end {
        // The kernel passes on only the lowest eight bits.
        End::Exited(code) => code.to_le_bytes()[0],
        End::Signaled(number) => signaled(*number),
        End::TimedOut => TIMED_OUT,
        End::OutOfMemory => signaled(libc::SIGKILL),
        End::NotStarted { obstacle, .. } => match obstacle {
            Obstacle::NotFound => NOT_FOUND,
            Obstacle::NotExecutable => NOT_EXECUTABLE,
            Obstacle::Kernel(_) | Obstacle::Other => FAILED,
        },
    }
}

/// Returns the exit code for death by this signal.
pub(super) fn signaled(number: i32) -> u8 {
    SIGNALED.saturating_add(u8::try_from(number).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_have_the_codes_that_shells_give_them() {
        let not_started = |obstacle| End::NotStarted {
            reason: String::new(),
            obstacle,
        };
        for (end, code) in [
            (End::Exited(0), 0),
            (End::Exited(3), 3),
            (End::Exited(255), 255),
            (End::Signaled(15), 143),
            (End::Signaled(64), 192),
            (End::OutOfMemory, 137),
            (End::TimedOut, 124),
            (not_started(Obstacle::Other), 125),
            (not_started(Obstacle::Kernel(11)), 125),
            (not_started(Obstacle::NotExecutable), 126),
            (not_started(Obstacle::NotFound), 127),
        ] {
            assert_eq!(of(&end), code, "{end:?}");
        }
    }
}
