//! Snapshots: what instances write to when an image is a subvolume.
//!
//! Each is named after its instance, and locked by the process that will remove it, so that
//! leftovers of killed processes are recognised.

use super::locks::{Reservation, try_lock};
use super::record::ImageRecord;
use super::space;
use super::store::Store;
use super::subvolume::{self, FILES, make_open};
use crate::image::inside;
use crate::image::layer::removal;
use rustix::fs::{AtFlags, unlinkat};
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_sys::btrfs;

/// A snapshot of an image, which is removed on drop.
#[derive(Debug)]
pub struct Snapshot {
    store: Store,
    name: OsString,
    path: PathBuf,
    /// The parent directory, which stays reachable even if the store is unmounted.
    directory: File,
    /// The directory of this snapshot.
    own: File,
    scarce: Option<u64>,
    _reservation: Reservation,
}

fn cannot(image: &ImageRecord, error: &io::Error) -> Failure {
    Failure::new(format!(
        "cannot make a snapshot of image `{}`: {error}",
        image.name
    ))
}

impl Snapshot {
    /// Creates a snapshot for an instance of an image whose layers are held.
    ///
    /// If disk space is low, waits until the space of removed subvolumes is freed; `settled`
    /// returns whether no more are about to be removed.
    ///
    /// # Errors
    /// If the store is not on btrfs, or full.
    pub fn new(
        store: &Store,
        image: &ImageRecord,
        instance: &str,
        settled: &dyn Fn() -> bool,
    ) -> Result<Self, Failure> {
        let (subvolume, _held) = subvolume::obtain(store, image)?;
        let failed = |error: io::Error| cannot(image, &error);
        match fs::create_dir(store.instances()) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(failed(error));
            }
            _ => {}
        }
        let path = store.instances().join(instance);
        let reservation = try_lock(lock_of(&path))?;
        let reservation = reservation.ok_or_else(|| failed(io::ErrorKind::ResourceBusy.into()))?;
        // The writes of the previous test may still take up space.
        let is_scarce = space::await_removed(store.root(), settled);
        let before = space::free(store.root());
        let failed = |error: io::Error| {
            let step = format!("make a snapshot of image `{}`", image.name);
            space::explained(cannot(image, &error), store.root(), &step, before)
        };
        make_open(&path).map_err(failed)?;
        let snapshot = Self {
            store: store.clone(),
            name: instance.into(),
            own: File::open(&path).map_err(failed)?,
            path,
            directory: File::open(store.instances()).map_err(failed)?,
            scarce: is_scarce.then_some(before),
            _reservation: reservation,
        };
        let subvolume = File::open(subvolume.join(FILES)).map_err(failed)?;
        btrfs::snapshot(&snapshot.own, OsStr::new(FILES), &subvolume).map_err(failed)?;
        Ok(snapshot)
    }

    /// Returns how many bytes were free on the store's disk when it was made, if space was low and
    /// that of removed snapshots had not come yet.
    #[must_use]
    pub fn scarce(&self) -> Option<u64> {
        self.scarce
    }

    /// Returns the directory of the root file system.
    #[must_use]
    pub fn files(&self) -> PathBuf {
        self.path.join(FILES)
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        let destroyed = removal::destroy(&self.own, OsStr::new(FILES));
        let removed = match destroyed {
            Ok(()) => unlinkat(&self.directory, &self.name, AtFlags::REMOVEDIR).is_ok(),
            Err(_) => false,
        };
        let removed = if removed {
            Ok(())
        } else {
            // It contains something that only root over a guest's ids may remove.
            inside::remove(self.store.root(), &self.path)
        };
        if let Err(failure) = removed {
            // Without the lock, which is released now, it is recognised as a leftover.
            eprintln!("vm-test: {failure}");
        }
    }
}

/// Removes snapshots of instances that no longer exist; returns how many there were.
///
/// # Errors
/// If one cannot be removed.
pub fn sweep(store: &Store) -> Result<usize, Failure> {
    let mut removed = 0;
    for name in names_in(&store.instances()) {
        let path = store.instances().join(name);
        let Some(_reservation) = try_lock(lock_of(&path))? else {
            continue;
        };
        if path.exists() {
            inside::remove(store.root(), &path)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Returns the names of snapshots, including those with only a lock or only a directory.
fn names_in(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names
        .map(|name| name.strip_suffix(".lock").unwrap_or(&name).to_owned())
        .collect()
}

fn lock_of(snapshot: &Path) -> PathBuf {
    let mut path = snapshot.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}
