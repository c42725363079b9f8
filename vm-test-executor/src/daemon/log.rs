//! The log of a daemon: the file that its standard error goes to.

use super::regular;
use std::fs::File;
use std::io;
use vm_test_protocol::failure::Failure;
use vm_test_runtime::client::RuntimeDir;

/// How often to retry if the directory disappears.
const ATTEMPTS: u32 = 1_000;

/// Opens the log of the daemon with this identity.
pub(super) fn open(identity: &str) -> Result<File, Failure> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let path = RuntimeDir::open()?.path().join(format!("{identity}.log"));
        let mut options = File::options();
        match regular::open(&path, options.create(true).read(true).append(true)) {
            Ok(log) => return Ok(log),
            // A daemon that just ended has removed the directory.
            Err(error) if error.kind() == io::ErrorKind::NotFound && attempts < ATTEMPTS => {}
            Err(error) => {
                let failure = Failure::new(format!("cannot write {}: {error}", path.display()));
                return Err(regular::because(failure, &error, &path));
            }
        }
    }
}

/// Reopens the log if the previous daemon has removed the file.
pub(super) fn restore(identity: &str) {
    let is_removed = rustix::fs::fstat(io::stderr()).is_ok_and(|stat| {
        rustix::fs::FileType::from_raw_mode(stat.st_mode).is_file() && stat.st_nlink == 0
    });
    if let Some(log) = is_removed.then(|| open(identity).ok()).flatten() {
        let _ = rustix::stdio::dup2_stderr(&log);
    }
}
