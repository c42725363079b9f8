//! Descriptors that a process was started with, at numbers agreed upon with its parent.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

/// Takes over an inherited descriptor.
///
/// Call it at most once per number, before any other descriptor is opened.
///
/// # Errors
/// If no descriptor with this number is open.
pub fn take(number: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_GETFD only asks whether the descriptor is open.
    if unsafe { libc::fcntl(number, libc::F_GETFD) } < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is open, and by the agreement with the parent this process has no
    // other owner of it.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(number) }).into())
}

/// Sets whether children of this process inherit a descriptor.
///
/// # Errors
/// If the descriptor is not open.
pub fn set_inheritable(fd: &impl std::os::fd::AsFd, inheritable: bool) -> io::Result<()> {
    let flags = if inheritable {
        rustix::io::FdFlags::empty()
    } else {
        rustix::io::FdFlags::CLOEXEC
    };
    rustix::io::fcntl_setfd(fd, flags)?;
    Ok(())
}

/// Gives a descriptor this number, under which a program that is executed here inherits it.
///
/// Call it only if nothing in this process owns a descriptor with that number.
///
/// # Errors
/// If the number is larger than this process may have.
pub fn place(fd: OwnedFd, number: RawFd) -> io::Result<()> {
    if fd.as_raw_fd() == number {
        set_inheritable(&fd, true)?;
        let _ = fd.into_raw_fd();
        return Ok(());
    }
    // SAFETY: both are plain numbers; by the agreement with the caller nothing owns the second one.
    if unsafe { libc::dup2(fd.as_raw_fd(), number) } != number {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
