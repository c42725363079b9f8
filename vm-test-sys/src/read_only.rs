//! Mounts made read-only with all below them (`mount_setattr`). Knows the system call, not which
//! mounts.

use std::ffi::CStr;
use std::io;

/// Makes the mount at `path`, and every mount below it, read-only in this mount namespace.
///
/// # Errors
/// `EINVAL` if nothing is mounted there.
pub fn make_tree(path: &CStr) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the path is a C string, and the structure has the size that is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            path.as_ptr(),
            libc::AT_RECURSIVE,
            std::ptr::from_ref(&attributes),
            size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
