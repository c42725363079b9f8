//! The stores that this daemon uses. A store is journalled in the runtime directory before its
//! first snapshot, so that the sweep after a killed daemon knows where to look. Before the first
//! template or disk of a VM, what killed daemons left in the store is removed.

use super::super::regular;
use crate::image::{Store, clear, sweep_snapshots};
use crate::sync;
use std::collections::HashSet;
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use vm_test_protocol::failure::Failure;

/// The stores that have been used.
#[derive(Debug)]
pub(crate) struct Stores {
    /// The prefix of the names of journal entries.
    journal: PathBuf,
    known: Mutex<HashSet<PathBuf>>,
    cleared: Mutex<HashSet<PathBuf>>,
}

impl Stores {
    pub(crate) fn new(journal: PathBuf) -> Self {
        Self {
            journal,
            known: Mutex::default(),
            cleared: Mutex::default(),
        }
    }

    /// Prepares a store for snapshots.
    ///
    /// # Errors
    /// If the journal cannot be written, or what others left there cannot be removed.
    pub(super) fn prepare(&self, store: &Store) -> Result<(), Failure> {
        let mut known = sync::lock(&self.known);
        if known.contains(store.root()) {
            return Ok(());
        }
        let entry = self.entry(store.root());
        let write = || -> io::Result<()> {
            let mut file = File::create(&entry)?;
            file.write_all(store.root().as_os_str().as_bytes())?;
            file.sync_all()
        };
        write()
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", entry.display())))?;
        // Left by daemons whose journal is lost: the runtime directory may have been in memory
        // during a restart of the host.
        sweep_snapshots(store)?;
        known.insert(store.root().to_path_buf());
        Ok(())
    }

    /// Removes what killed processes were making in a store, when VMs use the store for the first
    /// time.
    ///
    /// What is still being made is locked, and stays.
    pub(super) fn clear(&self, store: &Store) {
        let mut cleared = sync::lock(&self.cleared);
        if !cleared.insert(store.root().to_path_buf()) {
            return;
        }
        drop(cleared);
        // It harms nobody, so it fails no lease.
        if let Err(failure) = clear(store) {
            eprintln!("vm-test: {failure}");
        }
    }

    fn entry(&self, root: &Path) -> PathBuf {
        let mut hash = DefaultHasher::new();
        root.hash(&mut hash);
        let mut path = self.journal.as_os_str().to_owned();
        path.push(format!("{MARK}{:016x}", hash.finish()));
        path.into()
    }
}

/// What follows the prefix in an entry's name.
const MARK: &str = ".store-";

/// Removes the snapshots that a dead daemon left; returns how many there were.
pub(crate) fn sweep(journal: &Path) -> usize {
    let Some((dir, stem)) = journal.parent().zip(journal.file_name()) else {
        return 0;
    };
    let prefix = format!("{}{MARK}", stem.to_string_lossy());
    let mut removed = 0;
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        if !entry.file_name().to_string_lossy().starts_with(&prefix) {
            continue;
        }
        let root = regular::read(&entry.path()).unwrap_or_default();
        let root = PathBuf::from(std::ffi::OsString::from_vec(root));
        // A store that is not available now is swept when it is used again.
        let swept = match Store::find(&root) {
            Ok(Some(store)) => sweep_snapshots(&store),
            _ => Ok(0),
        };
        match swept {
            Ok(count) => {
                removed += count;
                let _ = fs::remove_file(entry.path());
            }
            Err(failure) => eprintln!("vm-test: {failure}"),
        }
    }
    removed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_daemons_were_making_goes_once_and_what_somebody_makes_stays() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(&dir.path().join("store")).unwrap();
        let left = store.root().join("building/template-left");
        let made = store.root().join("building/template-made");
        let _reservation = store.try_reserve("template-made").unwrap().unwrap();
        let leave = || [&left, &made].map(|path| fs::write(path, "half").unwrap());
        let there = || [&left, &made].map(|path| path.exists());
        let stores = Stores::new(dir.path().join("journal"));
        leave();
        stores.clear(&store);
        assert_eq!(there(), [false, true]);
        // Snapshots made from now on belong to living daemons, which may be about to lock them.
        leave();
        stores.clear(&store);
        assert_eq!(there(), [true, true]);
    }
}
