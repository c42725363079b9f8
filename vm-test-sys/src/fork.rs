//! A copy of this process, as the first process of new namespaces (`clone3` without an exec). Knows
//! the system call, not what the copy does.
//!
//! Only a process with a single thread is copied: in a copy of any other, a lock that another
//! thread held would never be released.

use rustix::process::Pid;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// How often to look, every millisecond, whether this process has a single thread.
const LOOKS: u32 = 50;

/// The namespaces that a copy gets.
#[derive(Clone, Copy, Debug, Default)]
pub struct New {
    /// User ids: a copy with this waits for its maps before it does anything else.
    pub user: bool,
    /// Mounts, IPC and the host's name.
    pub world: bool,
    /// Mounts alone.
    pub mounts: bool,
    /// Network.
    pub network: bool,
    /// The view of control groups.
    pub groups: bool,
}

/// Whose child a copy becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// This process's.
    Own,
    /// That of this process's own parent, so that the two are siblings. The copy's end is told like
    /// this process's end.
    Shared,
}

/// A copy of this process.
#[derive(Debug)]
pub struct Child {
    /// Its process id.
    pub pid: Pid,
    /// Its process descriptor.
    pub pidfd: OwnedFd,
}

/// Copies this process into a new pid namespace, and into these others; returns `None` in the copy.
///
/// # Errors
/// `EINVAL` if this process has several threads, `EPERM` or `ENOSPC` if the host does not allow such
/// namespaces.
pub fn fork(new: New, parent: Parent) -> io::Result<Option<Child>> {
    await_single_thread()?;
    let wanted = [
        (true, libc::CLONE_NEWPID),
        (new.user, libc::CLONE_NEWUSER),
        (
            new.world,
            libc::CLONE_NEWNS | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS,
        ),
        (new.mounts, libc::CLONE_NEWNS),
        (new.network, libc::CLONE_NEWNET),
        (new.groups, libc::CLONE_NEWCGROUP),
        (parent == Parent::Shared, libc::CLONE_PARENT),
    ];
    let flags = wanted.iter().filter(|(is_wanted, _)| *is_wanted);
    let flags = flags.fold(0, |flags, (_, flag)| flags | flag);
    // The kernel takes the signal of a sibling from this process.
    let signal = if parent == Parent::Own {
        libc::SIGCHLD
    } else {
        0
    };
    // SAFETY: this process has no other thread, so the copy may do whatever it could do itself.
    unsafe { clone(flags, signal) }
}

/// Checks that this process has a single thread: one that has been joined may still be counted for a
/// moment.
fn await_single_thread() -> io::Result<()> {
    let mut looks = 0;
    // SAFETY: no memory is passed. The kernel grants this to processes with a single thread only,
    // and then changes nothing.
    while unsafe { libc::unshare(libc::CLONE_THREAD) } != 0 {
        looks += 1;
        if looks == LOOKS {
            return Err(io::Error::last_os_error());
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
}

/// Makes the system call; returns `None` in the copy.
///
/// # Safety
/// If this process has several threads, the copy may make only async-signal-safe calls.
pub(crate) unsafe fn clone(flags: libc::c_int, signal: libc::c_int) -> io::Result<Option<Child>> {
    let mut pidfd: RawFd = -1;
    // SAFETY: all-zero bytes are valid `clone_args`.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = u64::try_from(flags | libc::CLONE_PIDFD).unwrap_or_default();
    arguments.pidfd = std::ptr::from_mut(&mut pidfd) as u64;
    arguments.exit_signal = u64::try_from(signal).unwrap_or_default();
    // SAFETY: without CLONE_VM this is a fork, and the structure outlives the call.
    let pid = unsafe {
        libc::syscall(
            libc::SYS_clone3,
            std::ptr::from_ref(&arguments),
            size_of::<libc::clone_args>(),
        )
    };
    if pid == 0 {
        return Ok(None);
    }
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: with CLONE_PIDFD the kernel has stored a new descriptor, which has no other owner.
    let pidfd = unsafe { OwnedFd::from_raw_fd(pidfd) };
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let pid = pid.ok_or_else(|| io::Error::other("clone3 returned no process id"))?;
    Ok(Some(Child { pid, pidfd }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_with_several_threads_is_not_copied() {
        // The harness runs tests in threads of their own.
        let error = fork(New::default(), Parent::Own).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EINVAL));
    }
}
