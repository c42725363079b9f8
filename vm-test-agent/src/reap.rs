//! Collecting the processes that have ended: the job's own, and the orphans that the first process
//! of a guest inherits.

use super::memory;
use super::run::Running;
use rustix::process::{WaitOptions, WaitStatus, wait};
use vm_test_protocol::agent::End;

/// How many processes are reaped at a time.
const MOST: usize = 10_000;

impl Running<'_> {
    /// Reaps the processes that have ended: as pid 1 the agent inherits all orphans.
    ///
    /// It stops after [`MOST`], since a job that is still running may produce new ones continually.
    pub(super) fn reap(&mut self) {
        for _ in 0..MOST {
            let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) else {
                break;
            };
            if pid == self.pid {
                self.end = Some(self.killed.clone().unwrap_or_else(|| self.end_of(status)));
                // It would stay readable without a further event.
                self.pidfd = None;
            }
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

/// Reaps orphans while there is no job.
pub(super) fn orphans() {
    for _ in 0..MOST {
        if !matches!(wait(WaitOptions::NOHANG), Ok(Some(_))) {
            break;
        }
    }
}
