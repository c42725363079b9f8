//! Removes leftovers of killed builders and daemons from the staging directory.
//!
//! Keeps what is in use, and everything that has been published.

use super::store::Store;
use crate::image::inside;
use crate::image::layer::lock::lock_for_removal;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// What was found and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Layers that no image names.
    pub layers: usize,
    /// Subvolumes of images that no longer exist.
    pub subvolumes: usize,
    /// The size of the layers' files.
    pub bytes: u64,
    /// Artifacts that are not needed: of removed images, or quick to make again.
    pub machines: usize,
    /// Leftovers of killed builders and daemons.
    pub remains: usize,
    /// Unneeded entries that are still in use.
    pub in_use: usize,
}

/// Removes leftovers of killed builders, but no layers.
///
/// # Errors
/// If something cannot be removed.
pub fn clear(store: &Store) -> Result<Collected, Failure> {
    let mut collected = Collected::default();
    for (key, paths) in remains(store)? {
        let Some(_reservation) = store.try_reserve(&key)? else {
            collected.in_use += 1;
            continue;
        };
        for path in paths {
            if remove_aside(store, &path)? {
                collected.remains += 1
            } else {
                collected.in_use += 1
            }
        }
    }
    Ok(collected)
}

/// Returns the contents of the staging directory, by the key whose lock protects them.
fn remains(store: &Store) -> Result<BTreeMap<String, Vec<PathBuf>>, Failure> {
    let mut remains: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for name in names_in(&store.staging())? {
        let (key, end) = match name.rsplit_once('.') {
            Some((key, end @ ("lock" | "json"))) => (key, end),
            _ => (name.as_str(), ""),
        };
        let paths = remains.entry(key.to_owned()).or_default();
        if end != "lock" {
            paths.push(store.staging().join(&name));
        }
    }
    Ok(remains)
}

/// Removes a staging directory; returns false if a process still works in it.
fn remove_aside(store: &Store, path: &Path) -> Result<bool, Failure> {
    if !path.is_dir() {
        return match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(cannot(path, &error)),
            _ => Ok(true),
        };
    }
    let Some(_lock) = lock_for_removal(path).map_err(|error| cannot(path, &error))? else {
        return Ok(false);
    };
    inside::remove(store.root(), path)?;
    Ok(true)
}

pub(in crate::image) fn names_in(dir: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(dir)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", dir.display())))?;
    let names = entries.iter().map(fs::DirEntry::file_name);
    Ok(names.filter_map(|name| name.into_string().ok()).collect())
}

pub(in crate::image) fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot remove {}: {error}", path.display()))
}
