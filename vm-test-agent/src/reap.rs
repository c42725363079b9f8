//! How a job ended, once its process has been reaped, and with it the orphans that the first process
//! of a guest inherits.

use super::run::Running;
use super::{children, memory};
use rustix::process::WaitStatus;
use vm_test_protocol::agent::End;

impl Running<'_> {
    /// Reaps the processes that have ended: as pid 1 the agent inherits all orphans.
    pub(super) fn reap(&mut self) {
        if self.end.is_some() {
            children::orphans();
        } else if let Some(status) = self.process.ended() {
            self.end = Some(self.killed.clone().unwrap_or_else(|| self.end_of(status)));
            // It would stay readable without a further event.
            self.pidfd = None;
        }
    }

    fn end_of(&self, status: WaitStatus) -> End {
        let ran_out = || {
            self.kills_before
                .is_some_and(|before| memory::kills() > before)
        };
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => End::Exited(code),
            (None, Some(libc::SIGKILL)) if ran_out() => End::OutOfMemory,
            (None, Some(signal)) => End::Signaled(signal),
            (None, None) => End::Exited(-1),
        }
    }
}
