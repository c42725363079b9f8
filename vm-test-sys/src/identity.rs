//! Who a process is in a new user namespace: its root, who ends when its parent does.

use std::io;

/// Asks the kernel to kill this process when the thread that is its parent ends.
pub fn end_with_parent() {
    // SAFETY: no memory is passed.
    unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
}

/// Moves this process, which has a single thread, into a new user namespace without ids.
///
/// # Errors
/// `EPERM` or `ENOSPC` if the host does not allow it.
pub fn enter_user_namespace() -> io::Result<()> {
    // SAFETY: no memory is passed, and the kernel refuses it to a process with several threads.
    match unsafe { libc::unshare(libc::CLONE_NEWUSER) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Becomes root in this user namespace, and asks the kernel again to be killed with the parent: a
/// change of identity has it forget that. It also closes the files in `/proc` of this process and its
/// copies to others of the same user; they are opened again.
///
/// For a process with a single thread: these are the bare system calls.
///
/// # Errors
/// If the namespace has no root.
pub fn become_root(keep_groups: bool) -> io::Result<()> {
    // SAFETY: no memory is passed but an empty list.
    unsafe {
        if !keep_groups {
            // It may be forbidden if the namespace maps a single id.
            libc::syscall(libc::SYS_setgroups, 0, std::ptr::null::<libc::gid_t>());
        }
        if libc::syscall(libc::SYS_setresgid, 0, 0, 0) != 0
            || libc::syscall(libc::SYS_setresuid, 0, 0, 0) != 0
        {
            return Err(io::Error::last_os_error());
        }
        libc::prctl(libc::PR_SET_DUMPABLE, 1);
    }
    end_with_parent();
    Ok(())
}
