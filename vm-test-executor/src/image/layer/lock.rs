//! Locks on files and directories by their paths.
//!
//! A lock belongs to an open file, so it ends with the process that holds it, however that ends.
//! Does not know the store.

use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Returns whether the path still refers to this file.
pub(in crate::image) fn is_at(file: &File, path: &Path) -> bool {
    let inode = |meta: fs::Metadata| (meta.dev(), meta.ino());
    matches!(
        (file.metadata().map(inode), fs::metadata(path).map(inode)),
        (Ok(one), Ok(other)) if one == other
    )
}

/// Takes a shared lock on a staging directory.
///
/// A process that removes or publishes it waits for the release.
pub(in crate::image) fn take_part(aside: &Path) -> io::Result<File> {
    let file = File::open(aside)?;
    lock(&file, FlockOperation::NonBlockingLockShared)?;
    if is_at(&file, aside) {
        return Ok(file);
    }
    Err(io::ErrorKind::NotFound.into())
}

/// Waits until no process holds a lock on this staging directory.
pub(in crate::image) fn wait_for_writers(aside: &Path) -> io::Result<()> {
    lock(&File::open(aside)?, FlockOperation::LockExclusive)?;
    Ok(())
}

/// Locks a directory for its removal; returns `None` if it is in use.
pub(in crate::image) fn lock_for_removal(dir: &Path) -> io::Result<Option<File>> {
    let file = File::open(dir)?;
    match lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

pub(in crate::image) fn lock(file: &File, operation: FlockOperation) -> rustix::io::Result<()> {
    loop {
        match rustix::fs::flock(file, operation) {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
}
