//! The daemon of a suite's host as a process: found by the lock that it holds, ended by signals.
//! Sends it no requests.

use crate::host::Host;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

/// A living daemon.
#[derive(Debug)]
pub struct Daemon {
    /// Its process id.
    pub pid: u32,
    handle: OwnedFd,
}

impl Daemon {
    /// Returns the daemon that holds a lock in the host's runtime directory.
    #[must_use]
    pub fn of(host: &Host) -> Option<Self> {
        let entries = fs::read_dir(host.runtime()).into_iter().flatten().flatten();
        let inodes: BTreeSet<_> = entries
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "lock"))
            .filter_map(|entry| Some(entry.metadata().ok()?.ino().to_string()))
            .collect();
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let holder = locks.lines().find_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let inode = fields.get(5)?.rsplit(':').next()?;
            inodes
                .contains(inode)
                .then(|| fields.get(4)?.parse().ok())?
        })?;
        Self::at(holder)
    }

    /// Returns the process with this id.
    #[must_use]
    pub fn at(pid: u32) -> Option<Self> {
        let raw = Pid::from_raw(pid.cast_signed())?;
        let handle = pidfd_open(raw, PidfdFlags::empty()).ok()?;
        Some(Self { pid, handle })
    }

    /// Kills it with SIGKILL, and waits until it is gone.
    pub fn kill(self) {
        self.end(Signal::KILL);
    }

    /// Asks it to end, and waits until it has ended.
    pub fn terminate(self) {
        self.end(Signal::TERM);
    }

    /// Waits until it has ended by itself; returns whether it did within `patience`.
    #[must_use]
    pub fn ends_within(&self, patience: Duration) -> bool {
        let time = Timespec {
            tv_sec: i64::try_from(patience.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: patience.subsec_nanos().into(),
        };
        let mut fds = [PollFd::new(&self.handle, PollFlags::IN)];
        matches!(poll(&mut fds, Some(&time)), Ok(1))
    }

    fn end(self, signal: Signal) {
        // It may just have ended by itself.
        let _ = pidfd_send_signal(&self.handle, signal);
        assert!(
            self.ends_within(Duration::from_secs(15)),
            "the daemon {} did not end after {signal:?}",
            self.pid
        );
    }
}
