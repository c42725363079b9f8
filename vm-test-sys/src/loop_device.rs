//! Loop devices by their number (`/dev/loop-control`). Knows the requests, not who gets a device.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

const CONTROL: &str = "/dev/loop-control";
const LOOP_CTL_ADD: libc::c_ulong = 0x4C80;
const LOOP_CTL_REMOVE: libc::c_ulong = 0x4C81;
const LOOP_CLR_FD: libc::c_ulong = 0x4C01;

/// The major number of loop devices.
pub const MAJOR: u32 = 7;

fn request(file: &File, number: libc::c_ulong, argument: libc::c_ulong) -> io::Result<()> {
    // SAFETY: the descriptor is open, and these requests take a number, not a pointer.
    if unsafe { libc::ioctl(file.as_raw_fd(), number, argument) } < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}

fn control() -> io::Result<File> {
    File::options().read(true).write(true).open(CONTROL)
}

/// Adds the device with this number.
///
/// # Errors
/// `EEXIST` if it exists; other errors if this user may not, or if the kernel has no loop devices.
pub fn add(number: u32) -> io::Result<()> {
    request(&control()?, LOOP_CTL_ADD, number.into())
}

/// Detaches the device's file, if it has one, and removes the device.
///
/// # Errors
/// `EBUSY` while it is open.
pub fn remove(number: u32) -> io::Result<()> {
    if let Ok(device) = File::open(format!("/dev/loop{number}")) {
        // Fails if no file is attached, which is fine.
        let _ = request(&device, LOOP_CLR_FD, 0);
    }
    request(&control()?, LOOP_CTL_REMOVE, number.into())
}
