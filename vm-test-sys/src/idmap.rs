//! Id-mapped copies of mounts (`open_tree`, `mount_setattr`). Knows the system calls, not which
//! directories need them.

use rustix::mount::{OpenTreeFlags, open_tree};
use std::io;
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::Path;

/// Returns a detached copy of the mount at `path`, without the mounts below it and with device
/// files disabled.
///
/// With a user namespace, the copy shows the owners of files as that namespace maps them.
///
/// # Errors
/// `EPERM` without the privilege; `EINVAL` if the file system does not support id-mapped mounts.
pub fn detached_copy(path: &Path, user_namespace: Option<&OwnedFd>) -> io::Result<OwnedFd> {
    let tree = open_tree(
        rustix::fs::CWD,
        path,
        OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC,
    )?;
    let mut attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_NODEV,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    if let Some(namespace) = user_namespace {
        attributes.attr_set |= libc::MOUNT_ATTR_IDMAP;
        attributes.userns_fd = u64::try_from(namespace.as_raw_fd()).unwrap_or_default();
    }
    set_attributes(&tree, &attributes)?;
    Ok(tree)
}

fn set_attributes(tree: &impl AsFd, attributes: &libc::mount_attr) -> io::Result<()> {
    // SAFETY: the descriptor is open, the path is a C string, and the structure has the size that
    // is passed.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            tree.as_fd().as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            std::ptr::from_ref(attributes),
            size_of::<libc::mount_attr>(),
        )
    };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
