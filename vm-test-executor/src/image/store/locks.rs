//! Locks on entries of the store, for making and for using them.
//!
//! Knows files and their locks, not their content. A lock belongs to an open file, so it ends with
//! the process that holds it, however that ends.

use super::store::Store;
use crate::image::layer::lock::{is_at, lock, take_part};
use rustix::fs::FlockOperation;
use rustix::io::Errno;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// The exclusive right to make the entry with this key.
///
/// It includes `building/KEY` and `building/KEY.…`.
#[derive(Debug)]
pub struct Reservation {
    path: PathBuf,
    _file: File,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // Removed while it is still locked, so that waiters see that the file has lost its name.
        let _ = fs::remove_file(&self.path);
    }
}

/// Locks that keep entries of the store from being removed while this value lives.
#[derive(Debug, Default)]
pub struct Held {
    files: Vec<File>,
}

impl Held {
    /// Returns whether the entry now at this path is locked, and not a replacement.
    pub(super) fn has(&self, path: &Path) -> bool {
        self.files.iter().any(|file| is_at(file, path))
    }
}

fn cannot(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot lock {}: {error}", path.display()))
}

impl Store {
    /// Reserves the entry with this key; `waiting` is called if another process is making it.
    ///
    /// # Errors
    /// If it cannot be locked.
    pub fn reserve(&self, key: &str, waiting: impl FnOnce()) -> Result<Reservation, Failure> {
        if let Some(reservation) = self.try_reserve(key)? {
            return Ok(reservation);
        }
        waiting();
        let path = self.lock_of(key);
        loop {
            let file = lock_file(&path)?;
            lock(&file, FlockOperation::LockExclusive).map_err(|error| cannot(&path, &error))?;
            if is_at(&file, &path) {
                return Ok(Reservation { path, _file: file });
            }
        }
    }

    /// Reserves it like [`reserve`](Self::reserve); returns `None` if another process is making it.
    ///
    /// # Errors
    /// If it cannot be locked.
    pub fn try_reserve(&self, key: &str) -> Result<Option<Reservation>, Failure> {
        try_lock(self.lock_of(key))
    }

    fn lock_of(&self, key: &str) -> PathBuf {
        self.staging().join(format!("{key}.lock"))
    }

    /// Takes a shared lock on a staging directory.
    ///
    /// A process that removes or publishes it waits for the release.
    ///
    /// # Errors
    /// If it does not exist, or is being removed.
    pub fn hold_staging(&self, aside: &Path, held: &mut Held) -> Result<(), Failure> {
        held.files
            .push(take_part(aside).map_err(|error| cannot(aside, &error))?);
        Ok(())
    }
}

/// Takes the lock file with this name; returns `None` if another process holds it.
pub(super) fn try_lock(path: PathBuf) -> Result<Option<Reservation>, Failure> {
    loop {
        let file = lock_file(&path)?;
        match lock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) if is_at(&file, &path) => {
                return Ok(Some(Reservation { path, _file: file }));
            }
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Ok(None),
            Err(error) => return Err(cannot(&path, &error)),
        }
    }
}

/// Opens or makes the lock file with this name. The directory of what is being made may be missing
/// in a store that was cleaned up by hand, or copied.
fn lock_file(path: &Path) -> Result<File, Failure> {
    let open = || {
        let mut options = File::options();
        options.create(true).truncate(false).write(true).open(path)
    };
    let opened = match (open(), path.parent()) {
        (Err(error), Some(directory)) if error.kind() == io::ErrorKind::NotFound => {
            match fs::create_dir(directory) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
                _ => open(),
            }
        }
        (opened, _) => opened,
    };
    opened.map_err(|error| cannot(path, &error))
}

/// Keeps a directory from being removed; returns false if it does not exist.
pub(in crate::image) fn hold_directory(path: &Path, held: &mut Held) -> Result<bool, Failure> {
    loop {
        let file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file.map_err(|error| cannot(path, &error))?,
        };
        lock(&file, FlockOperation::LockShared).map_err(|error| cannot(path, &error))?;
        // A process that removes it renames it first, under the exclusive lock.
        if is_at(&file, path) {
            held.files.push(file);
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layer::lock::lock_for_removal;

    #[test]
    fn a_reservation_is_exclusive_and_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let first = store.try_reserve("k").unwrap().unwrap();
        assert!(store.try_reserve("k").unwrap().is_none());
        let other = store.clone();
        let waiting = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            drop(other.reserve("k", || waiting.0.send(()).unwrap()).unwrap());
        });
        waiting.1.recv().unwrap();
        drop(first);
        thread.join().unwrap();
        assert_eq!(fs::read_dir(store.staging()).unwrap().count(), 0);
    }

    #[test]
    fn a_store_without_its_staging_directory_gets_it_again() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        fs::remove_dir(store.staging()).unwrap();
        assert!(store.try_reserve("k").unwrap().is_some());
        assert_eq!(fs::read_dir(store.staging()).unwrap().count(), 0);
    }

    #[test]
    fn what_is_held_is_not_locked_for_removal() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let aside = store.staging().join("a");
        fs::create_dir(&aside).unwrap();
        let mut held = Held::default();
        store.hold_staging(&aside, &mut held).unwrap();
        assert!(lock_for_removal(&aside).unwrap().is_none());
        drop(held);
        let removing = lock_for_removal(&aside).unwrap();
        assert!(removing.is_some());
        let error = store.hold_staging(&aside, &mut Held::default());
        assert!(error.is_err());
    }
}
