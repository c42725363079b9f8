//! The kernel's random numbers: lets root reseed them. Two copies of one VM would otherwise draw the
//! same numbers.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// The most bytes that are added at once.
const MOST: usize = 64;

/// `RNDADDENTROPY`, `_IOW('R', 3, int[2])`.
const ADD: libc::c_ulong = 0x4008_5203;

/// `RNDRESEEDCRNG`, `_IO('R', 7)`.
const RESEED: libc::c_ulong = 0x5207;

#[repr(C)]
struct Pool {
    bits: libc::c_int,
    bytes: libc::c_int,
    data: [u8; MOST],
}

/// Adds these bytes, credits all of their bits, and makes the kernel reseed from them at once.
///
/// # Errors
/// If this is not root in the initial user namespace.
pub fn add(seed: &[u8]) -> io::Result<()> {
    let random = File::options().write(true).open("/dev/random")?;
    let mut pool = Pool {
        bits: 0,
        bytes: 0,
        data: [0; MOST],
    };
    let count = seed.len().min(MOST);
    pool.data[..count].copy_from_slice(&seed[..count]);
    pool.bytes = libc::c_int::try_from(count).unwrap_or(0);
    pool.bits = pool.bytes * 8;
    // SAFETY: the kernel reads the header and `bytes` bytes behind it, which are in the structure.
    check(unsafe { libc::ioctl(random.as_raw_fd(), ADD, &raw const pool) })?;
    // SAFETY: takes no argument.
    check(unsafe { libc::ioctl(random.as_raw_fd(), RESEED) })
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
