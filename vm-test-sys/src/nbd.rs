//! Network block devices (`/dev/nbd0`), whose requests a program answers over a socket. Knows the
//! requests to the kernel, not what is answered.

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

const NBD_SET_SOCK: libc::c_ulong = 0xab00;
const NBD_SET_BLKSIZE: libc::c_ulong = 0xab01;
const NBD_DO_IT: libc::c_ulong = 0xab03;
const NBD_CLEAR_SOCK: libc::c_ulong = 0xab04;
const NBD_SET_SIZE_BLOCKS: libc::c_ulong = 0xab07;
const NBD_DISCONNECT: libc::c_ulong = 0xab08;
const NBD_SET_FLAGS: libc::c_ulong = 0xab0a;

/// The device is told that flags are given, and that it may ask for writes to be made permanent.
const FLAGS: libc::c_ulong = 1 | 4;

/// The size of a block in bytes.
pub const BLOCK: u64 = 4096;

fn request(device: &File, number: libc::c_ulong, argument: libc::c_ulong) -> io::Result<()> {
    // SAFETY: the descriptor is open, and these requests take a number, not a pointer.
    if unsafe { libc::ioctl(device.as_raw_fd(), number, argument) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

/// Gives the device a socket for its requests, and so many blocks.
///
/// # Errors
/// `EBUSY` if it has one already.
pub fn connect(device: &File, socket: BorrowedFd<'_>, blocks: u64) -> io::Result<()> {
    let socket = libc::c_ulong::try_from(socket.as_raw_fd()).map_err(io::Error::other)?;
    request(device, NBD_SET_BLKSIZE, BLOCK)?;
    request(device, NBD_SET_SIZE_BLOCKS, blocks)?;
    request(device, NBD_SET_FLAGS, FLAGS)?;
    request(device, NBD_SET_SOCK, socket)
}

/// Has the kernel send requests, until the device is disconnected or the socket closed.
///
/// # Errors
/// If the device has no socket, or loses it.
pub fn run(device: &File) -> io::Result<()> {
    request(device, NBD_DO_IT, 0)
}

/// Ends [`run`] in another thread, and takes the socket away.
///
/// # Errors
/// If the device has no socket.
pub fn disconnect(device: &File) -> io::Result<()> {
    request(device, NBD_DISCONNECT, 0)?;
    request(device, NBD_CLEAR_SOCK, 0)
}
