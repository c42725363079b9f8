//! The file with what a backend complains of.

use std::fs::File;
use std::io;
use std::path::Path;

/// Redirects standard error, which the guest's first process inherits, to a file of the keeper's.
///
/// Root in the guest can take over that process's descriptors, and must not get a file of the host.
pub(super) fn keep_errors(room: &Path) -> io::Result<File> {
    let mut options = File::options();
    let options = options.create(true).append(true).read(true);
    let file = options.open(room.join("errors"))?;
    rustix::stdio::dup2_stderr(&file)?;
    Ok(file)
}
