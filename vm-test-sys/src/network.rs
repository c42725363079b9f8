//! A new network namespace for this process.

use std::io;

/// Moves this thread from its network namespace into a new one, which is empty.
///
/// # Errors
/// If this process may not make network namespaces.
pub fn leave() -> io::Result<()> {
    // SAFETY: of what threads may share, only the network namespace changes.
    match unsafe { libc::unshare(libc::CLONE_NEWNET) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
