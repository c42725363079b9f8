//! The keyring of a session, which a login gives to all that it starts. Knows the requests; keeps
//! no key.

use std::io;

/// Operations and special keys of the kernel's `linux/keyctl.h`.
const JOIN_SESSION: libc::c_ulong = 1;
const LINK: libc::c_ulong = 8;
const SESSION: libc::c_long = -3;
const USER: libc::c_long = -4;

/// Gives this process a new session keyring that contains the user's keyring, as a login does.
///
/// # Errors
/// If the kernel has no keys, or the user has too many.
pub fn begin_session() -> io::Result<()> {
    let none: *const libc::c_char = std::ptr::null();
    // SAFETY: without a name the kernel reads no memory of this process.
    check(unsafe { libc::syscall(libc::SYS_keyctl, JOIN_SESSION, none) })?;
    // SAFETY: the arguments are numbers.
    check(unsafe { libc::syscall(libc::SYS_keyctl, LINK, USER, SESSION) })
}

fn check(result: libc::c_long) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
