//! The message for what the exit code of a command in a guest cannot tell.

use super::Command;
use super::ending::Ending;
use libc::SIGKILL;
use std::time::Duration;
use vm_test_protocol::agent::End;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::Lease;

impl Command<'_> {
    /// Explains what the exit code alone does not say.
    pub(super) fn explain(
        &self,
        ending: &Ending,
        last: &[String],
        lease: &Lease,
    ) -> Option<Failure> {
        let (guest, program) = (self.guest, &self.program);
        let megabytes = lease.granted.memory_bytes >> 20;
        match &ending.end {
            End::NotStarted { reason, obstacle } => {
                let words = format!("cannot run the command in guest `{guest}`: {reason}");
                Some(Failure::new(words).because_of(*obstacle))
            }
            End::TimedOut => {
                let how = if self.keeps && lease.granted.keep_for.is_some() {
                    "stopped (SIGSTOP) for inspection"
                } else {
                    "killed"
                };
                let limit = Duration::from_millis(self.settings.timeout.unwrap_or(0));
                let (words, hint) = if ending.told_to_end {
                    (
                        format!("`{program}` was {how} because vm-test received SIGTERM"),
                        "nextest sends SIGTERM when a test exceeds `slow-timeout`, or when it cancels a run",
                    )
                } else {
                    (
                        format!("`{program}` did not end within {limit:?} and was {how}"),
                        "give it more time with --timeout, or leave it out",
                    )
                };
                Some(
                    Failure::new(words)
                        .with_lines("what it was doing", last)
                        .hint(hint),
                )
            }
            End::Signaled(SIGKILL) | End::OutOfMemory
                if ending.end == End::OutOfMemory || lease.ran_out_of_memory() =>
            {
                Some(
                    Failure::new(format!(
                        "guest `{guest}` ran out of memory ({}) and `{program}` was killed",
                        lease.memory_in_words(ending.files_bytes)
                    ))
                    .hint(format!(
                        "give it more, as in --memory {}M{}",
                        megabytes * 2,
                        lease.other_than_memory(ending.files_bytes)
                    )),
                )
            }
            _ => None,
        }
    }
}
