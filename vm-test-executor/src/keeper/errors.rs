//! The file with what a backend complains of.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// Redirects standard error, which the guest's first process inherits, to a file of the keeper's.
///
/// Root in the guest can take over that process's descriptors, and must not get a file of the host.
pub(super) fn keep_errors(room: &Path) -> io::Result<PathBuf> {
    let path = room.join("errors");
    let file = File::options().create(true).append(true).open(&path)?;
    rustix::stdio::dup2_stderr(&file)?;
    Ok(path)
}
