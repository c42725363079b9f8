//! The daemon of a suite's host as a process: found by the lock that it holds, ended by signals.
//! Sends it no requests.

use crate::host::Host;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::BTreeSet;
use std::fs;
use std::os::fd::OwnedFd;
use std::path::Path;
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
        let files: BTreeSet<_> = entries
            .filter(|entry| entry.path().extension().is_some_and(|end| end == "lock"))
            .filter_map(|entry| name_in_locks(&entry.path()))
            .collect();
        let locks = fs::read_to_string("/proc/locks").ok()?;
        let holder = locks.lines().find_map(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            files
                .contains(*fields.get(5)?)
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

/// Returns what `/proc/locks` calls a file: the device of its file system, and its inode, which
/// other files have elsewhere.
///
/// On some file systems, as btrfs, a file says another device than the kernel's list of mounts.
pub(crate) fn name_in_locks(path: &Path) -> Option<String> {
    let wanted = StatxFlags::INO | StatxFlags::MNT_ID;
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, wanted).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let device = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ');
        let is_it = fields.next()?.parse() == Ok(found.stx_mnt_id);
        // Behind the parent.
        let (major, minor) = fields.nth(1).filter(|_| is_it)?.split_once(':')?;
        Some((major.parse().ok()?, minor.parse().ok()?))
    });
    // Kernels before 5.8 do not say which mount it is.
    let (major, minor): (u32, u32) = device.unwrap_or((found.stx_dev_major, found.stx_dev_minor));
    Some(format!("{major:02x}:{minor:02x}:{}", found.stx_ino))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::{FlockOperation, flock};

    #[test]
    fn a_lock_is_found_by_its_file_and_not_by_that_of_another() {
        let [one, other] = [0, 1].map(|_| tempfile::NamedTempFile::new().unwrap());
        flock(one.as_file(), FlockOperation::LockExclusive).unwrap();
        let locks = fs::read_to_string("/proc/locks").unwrap();
        let is_locked = |path: &Path| {
            let name = name_in_locks(path).unwrap();
            let own = std::process::id().to_string();
            locks.lines().any(|line| {
                let fields: Vec<_> = line.split_whitespace().collect();
                fields.get(4) == Some(&&*own) && fields.get(5) == Some(&&*name)
            })
        };
        assert!(is_locked(one.path()), "{locks}");
        assert!(!is_locked(other.path()), "{locks}");
        let lock = one.path().with_extension("absent");
        assert_eq!(name_in_locks(&lock), None);
    }
}
