//! The files of a daemon in its runtime directory: the socket that it is found by, the lock that makes it the only one, its
//! log. Listens to nothing.

use rustix::fs::FlockOperation;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use vm_test::client::RuntimeDir;
use vm_test::protocol::errno::Tried;
use vm_test::protocol::failure::Failure;

/// The files of one daemon.
pub(super) struct Files {
    pub(super) socket: PathBuf,
    lock: PathBuf,
    log: PathBuf,
    dir: PathBuf,
}

impl Files {
    pub(super) fn new(dir: &RuntimeDir, identity: &str) -> Self {
        let socket = dir.socket(identity);
        Self {
            lock: socket.with_extension("lock"),
            log: socket.with_extension("log"),
            dir: dir.path().to_path_buf(),
            socket,
        }
    }

    /// The lock of the daemon; `None` if another one has it.
    pub(super) fn lock(&self) -> Result<Option<File>, Failure> {
        loop {
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&self.lock)
                .map_err(|error| self.cannot_lock(&error))?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
                Err(error) => return Err(self.cannot_lock(&error.into())),
            }
            // A daemon that ended just now has removed the file that was locked here.
            let mine = file.metadata().map(|meta| meta.ino());
            if fs::metadata(&self.lock).map(|meta| meta.ino()).ok() == mine.ok() {
                return Ok(Some(file));
            }
        }
    }

    pub(super) fn remove(&self) {
        for file in [&self.socket, &self.log, &self.lock] {
            let _ = fs::remove_file(file);
        }
        // Goes only when it is empty.
        let _ = fs::remove_dir(&self.dir);
    }

    fn cannot_lock(&self, error: &io::Error) -> Failure {
        Failure::new(format!("cannot lock {}: {error}", self.lock.display()))
            .because(Tried::File, error)
    }
}
