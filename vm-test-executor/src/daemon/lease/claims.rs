//! What all daemons of a user have reserved for their instances, whatever their version and runtime
//! directory: each has a file in one directory, and keeps it locked while it runs. Decides nothing.

use super::super::regular;
use rustix::fs::FlockOperation;
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::{self, CLAIMS_DIR};

/// The prefix of the names of daemons' files.
const PREFIX: &str = "claim-";

/// How long another daemon may hold the common lock. It needs it only for a moment, but may have
/// been stopped meanwhile.
const PATIENCE: Duration = Duration::from_secs(2);

/// What instances hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Claim {
    /// Memory in bytes.
    pub(super) memory: u64,
    /// Processor shares.
    pub(super) cpus: u32,
    /// The part of the memory that kept instances hold.
    pub(super) kept: u64,
}

/// The claims of all daemons, and the file of this one.
#[derive(Debug)]
pub(crate) struct Claims {
    directory: PathBuf,
    name: String,
    file: Option<File>,
}

/// The common lock.
///
/// It is unlocked explicitly, not only closed: a keeper that waits for its id maps has a copy of
/// every descriptor that the daemon had open when it was started.
#[derive(Debug)]
struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

impl Claims {
    /// Returns the claims in this user's directory. `run` tells daemons apart.
    ///
    /// # Errors
    /// If the variable for the directory has no usable value.
    pub(crate) fn of_this_user(run: &str) -> Result<Self, Failure> {
        let user = rustix::process::getuid().as_raw();
        // Suites set the variable to keep apart from the user's own daemons.
        let directory = variables::directory(CLAIMS_DIR)?
            .unwrap_or_else(|| PathBuf::from(format!("/tmp/vm-test-{user}.claims")));
        Ok(Self::of(directory, run))
    }

    pub(super) fn of(directory: PathBuf, run: &str) -> Self {
        Self {
            directory,
            name: format!("{PREFIX}{}-{run}", std::process::id()),
            file: None,
        }
    }

    /// Calls `decide` with what the other daemons hold, and records what it returns as this
    /// daemon's claim, if anything.
    ///
    /// No other daemon decides meanwhile.
    pub(super) fn settle(&mut self, decide: impl FnOnce(Claim) -> Option<Claim>) -> io::Result<()> {
        let _lock = self.lock()?;
        let others = self.others();
        match decide(others) {
            Some(claim) => self.write(claim),
            None => Ok(()),
        }
    }

    /// Records that this daemon holds less than before.
    pub(super) fn give_back(&mut self, claim: Claim) -> io::Result<()> {
        self.write(claim)
    }

    /// Gives everything back, and removes what no daemon needs any more.
    pub(super) fn leave(&mut self) {
        if let Ok(_lock) = self.lock() {
            self.file = None;
            let _ = fs::remove_file(self.directory.join(&self.name));
            self.others();
            if self.names().is_empty() {
                let _ = fs::remove_file(self.lock_path());
                // Succeeds only if it is empty.
                let _ = fs::remove_dir(&self.directory);
            }
        }
    }

    fn lock_path(&self) -> PathBuf {
        self.directory.join("lock")
    }

    /// Takes the common lock; returns `None` if its holder does not release it.
    fn lock(&self) -> io::Result<Option<Lock>> {
        let limit = Instant::now() + PATIENCE;
        loop {
            let mut options = File::options();
            let options = options.create(true).truncate(false).write(true);
            let opened =
                make(&self.directory).and_then(|()| regular::open(&self.lock_path(), options));
            let file = match opened {
                // The last daemon has just removed the directory.
                Err(error) if error.kind() == ErrorKind::NotFound && Instant::now() < limit => {
                    continue;
                }
                opened => opened?,
            };
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) if is_at(&file, &self.lock_path()) => {
                    return Ok(Some(Lock(file)));
                }
                Ok(()) | Err(rustix::io::Errno::WOULDBLOCK) => {}
                Err(error) => return Err(error.into()),
            }
            if Instant::now() > limit {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_micros(500));
        }
    }

    /// Returns the paths of all daemons' files.
    fn names(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.directory)
            .into_iter()
            .flatten()
            .flatten();
        let is_claim = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with(PREFIX);
        entries
            .filter(|entry| is_claim(&entry.file_name()))
            .map(|entry| entry.path())
            .collect()
    }

    /// Returns what other living daemons hold. Removes the files of dead ones.
    fn others(&self) -> Claim {
        let mut sum = Claim::default();
        for path in self.names() {
            if path.ends_with(&self.name) {
                continue;
            }
            let Ok(file) = regular::open(&path, File::options().read(true)) else {
                continue;
            };
            if rustix::fs::flock(&file, FlockOperation::NonBlockingLockShared).is_ok() {
                let _ = fs::remove_file(&path);
                continue;
            }
            let claim = read(&file).unwrap_or_default();
            sum.memory = sum.memory.saturating_add(claim.memory);
            sum.cpus = sum.cpus.saturating_add(claim.cpus);
            sum.kept = sum.kept.saturating_add(claim.kept);
        }
        sum
    }

    fn write(&mut self, claim: Claim) -> io::Result<()> {
        let path = self.directory.join(&self.name);
        let mine = self.file.take().filter(|file| is_at(file, &path));
        let file = match mine {
            Some(file) => file,
            None => {
                make(&self.directory)?;
                let mut options = File::options();
                let options = options.create(true).truncate(false).read(true).write(true);
                let file = regular::open(&path, options)?;
                rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)?;
                file
            }
        };
        let Claim { memory, cpus, kept } = claim;
        // Of constant length, so that no end of an older text remains.
        let text = format!("{memory:020} {cpus:010} {kept:020}\n");
        let written = file.write_all_at(text.as_bytes(), 0);
        self.file = Some(file);
        written
    }
}

fn read(file: &File) -> Option<Claim> {
    let mut bytes = [0; 64];
    let count = file.read_at(&mut bytes, 0).ok()?;
    let text = std::str::from_utf8(&bytes[..count]).ok()?;
    let mut words = text.split_whitespace();
    Some(Claim {
        memory: words.next()?.parse().ok()?,
        cpus: words.next()?.parse().ok()?,
        kept: words.next()?.parse().ok()?,
    })
}

/// Makes the directory if it does not exist, and checks that only this user can write to it.
fn make(directory: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(directory) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let meta = fs::symlink_metadata(directory)?;
    let user = rustix::process::getuid().as_raw();
    if meta.is_dir() && meta.uid() == user && meta.mode() & 0o022 == 0 {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "{} is not a directory of this user alone",
        directory.display()
    )))
}

/// Returns whether a file is still the one at this path.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |meta: fs::Metadata| (meta.dev(), meta.ino());
    let there = fs::symlink_metadata(path).map(identity);
    there.ok() == file.metadata().map(identity).ok()
}

#[cfg(test)]
mod tests;
