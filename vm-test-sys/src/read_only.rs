//! Mounts made read-only (`mount_setattr`). Knows the system call, not which mounts.

use std::ffi::CStr;
use std::io;

/// Makes the mount at `path` read-only in this mount namespace, and none below it.
///
/// # Errors
/// `EBUSY` if a file of it is open for writing, `EINVAL` if nothing is mounted there.
pub fn make(path: &CStr) -> io::Result<()> {
    change(path, libc::MOUNT_ATTR_RDONLY, 0)
}

/// Makes the mount at `path` writable again.
///
/// # Errors
/// `EPERM` if it was mounted read-only outside this user namespace.
pub fn undo(path: &CStr) -> io::Result<()> {
    change(path, 0, libc::MOUNT_ATTR_RDONLY)
}

fn change(path: &CStr, set: u64, clear: u64) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: set,
        attr_clr: clear,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path is a C string, and the structure has the size that is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            0,
            std::ptr::from_ref(&attributes),
            size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
