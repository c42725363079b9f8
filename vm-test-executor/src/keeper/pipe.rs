//! The pipe that an agent holds open where it is not the guest's first process. The guest does not
//! end with such an agent, so the daemon watches the other end. Made here, where the guest's files
//! are; watched by others.

use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Makes the pipe and opens the end to be watched, before the guest can put something else in its
/// place.
pub(super) fn make(path: &Path) -> io::Result<OwnedFd> {
    mknodat(CWD, path, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0)?;
    // Non-blocking: the agent, its writer, is not there yet.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(open(path, flags, Mode::empty())?)
}
