//! The processes that have this one as their parent: those of jobs, and the orphans that the first
//! process of a guest inherits. Any thread may reap; the status is kept for the
//! thread that runs the job.

use rustix::process::{Pid, WaitOptions, WaitStatus, wait, waitpid};
use std::collections::BTreeMap;
use std::num::NonZeroI32;
use std::process::Child;
use std::sync::{Mutex, MutexGuard, TryLockError};

/// How many processes are reaped at a time.
const MOST: usize = 10_000;

/// Held while a job is started, and while processes of any kind are reaped: otherwise a process
/// could be taken for an orphan before it is known to be a job.
static STARTING: Mutex<()> = Mutex::new(());

/// The processes of jobs, and how those ended that have ended.
static JOBS: Mutex<BTreeMap<NonZeroI32, Option<WaitStatus>>> = Mutex::new(BTreeMap::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|lock| lock.into_inner())
}

/// The process of a job, known as such for as long as this lives.
#[derive(Debug)]
pub(super) struct JobProcess {
    pub(super) pid: Pid,
}

impl JobProcess {
    /// Starts a process that no other thread reaps; jobs start one after the other.
    pub(super) fn start<T, E>(
        start: impl FnOnce() -> Result<T, E>,
        child: impl FnOnce(&T) -> &Child,
    ) -> Result<(Self, T), E> {
        let _starting = lock(&STARTING);
        let started = start()?;
        let pid = Pid::from_child(child(&started));
        lock(&JOBS).insert(pid.as_raw_nonzero(), None);
        Ok((Self { pid }, started))
    }

    /// Reaps what has ended; returns how this process did, once.
    pub(super) fn ended(&self) -> Option<WaitStatus> {
        let is_reaped = orphans();
        let status = lock(&JOBS).get_mut(&self.pid.as_raw_nonzero())?.take();
        if status.is_some() {
            return status;
        }
        if is_reaped {
            return None;
        }
        // Another thread starts a job, or has just reaped this one and is about to say so.
        let status = waitpid(Some(self.pid), WaitOptions::NOHANG).ok()?;
        status.map(|(_, status)| status)
    }
}

impl Drop for JobProcess {
    fn drop(&mut self) {
        lock(&JOBS).remove(&self.pid.as_raw_nonzero());
    }
}

/// Returns whether this process was started as a job that still counts.
pub(super) fn is_job(pid: Pid) -> bool {
    lock(&JOBS).contains_key(&pid.as_raw_nonzero())
}

/// Reaps all that has ended, unless a job is being started just now; returns whether it did.
///
/// It stops after [`MOST`], since a job that is still running may produce new ones continually.
pub(super) fn orphans() -> bool {
    let _starting = match STARTING.try_lock() {
        Ok(starting) => starting,
        Err(TryLockError::Poisoned(lock)) => lock.into_inner(),
        Err(TryLockError::WouldBlock) => return false,
    };
    for _ in 0..MOST {
        let Ok(Some((pid, status))) = wait(WaitOptions::NOHANG) else {
            break;
        };
        if let Some(ended) = lock(&JOBS).get_mut(&pid.as_raw_nonzero()) {
            *ended = Some(status);
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::{Duration, Instant};

    #[test]
    fn whichever_thread_reaps_a_job_the_one_that_runs_it_learns_how_it_ended() {
        std::thread::scope(|scope| {
            for code in 1..=8 {
                scope.spawn(move || {
                    for _ in 0..5 {
                        let start = || {
                            Command::new("sh")
                                .args(["-c", &format!("exit {code}")])
                                .spawn()
                        };
                        let (process, _child) = JobProcess::start(start, |child| child).unwrap();
                        let limit = Instant::now() + Duration::from_secs(60);
                        let status = loop {
                            match process.ended() {
                                Some(status) => break status,
                                None => assert!(Instant::now() < limit, "it does not end"),
                            }
                        };
                        assert_eq!(status.exit_status(), Some(code));
                        assert!(is_job(process.pid));
                        let pid = process.pid;
                        drop(process);
                        assert!(!is_job(pid));
                    }
                });
            }
            // Fails: what is not there is no job, and no other thread's wait is disturbed by it.
            scope.spawn(|| {
                for _ in 0..20 {
                    let start = || Command::new("/no/such/program").spawn();
                    assert!(JobProcess::start(start, |child| child).is_err());
                }
            });
        });
    }
}
