//! A network interface whose frames a process reads and writes.

use crate::interface::{ask, named};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

/// The device that makes such interfaces.
pub const DEVICE: &str = "/dev/net/tun";

/// Makes an interface of this name in this process's network namespace. It is there for as long as
/// the descriptor is open.
///
/// # Errors
/// If the device cannot be opened, or this process may not administer its network namespace.
pub fn open(name: &str) -> io::Result<OwnedFd> {
    let device = OwnedFd::from(File::options().read(true).write(true).open(DEVICE)?);
    let mut request = named(name);
    // No header before each frame: what a VM was saved with can be connected to it later.
    request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_TAP | libc::IFF_NO_PI).unwrap_or(0);
    ask(&device, libc::TUNSETIFF, &raw mut request)?;
    Ok(device)
}
