//! The collection of what nothing needs: layers that no image names and nobody holds, and what builders left that were
//! killed. What is in use it leaves alone and counts.

use super::inside::{self, Task};
use super::locks::lock_for_removal;
use super::{ImageRecord, Store};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use vm_test::protocol::failure::Failure;

/// What was found and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Layers that no image names.
    pub layers: usize,
    /// Bytes of their files.
    pub bytes: u64,
    /// What killed builders left.
    pub remains: usize,
    /// What nothing names and somebody uses just now.
    pub in_use: usize,
}

/// Collects.
///
/// # Errors
/// If the record of an image cannot be understood, because then nobody knows which layers it needs; or something cannot be
/// removed.
pub fn collect(store: &Store) -> Result<Collected, Failure> {
    named(store)?;
    let mut collected = clear(store)?;
    for key in names_in(&store.layers())? {
        if named(store)?.contains(&key) {
            continue;
        }
        let bytes = store.layer(&key).map_or(0, |layer| layer.bytes);
        match remove_layer(store, &key)? {
            Some(true) => {
                collected.layers += 1;
                collected.bytes += bytes;
            }
            Some(false) => collected.in_use += 1,
            None => {}
        }
    }
    Ok(collected)
}

/// Removes what killed builders left, and no layer.
///
/// # Errors
/// If it cannot be removed.
pub(super) fn clear(store: &Store) -> Result<Collected, Failure> {
    let mut collected = Collected::default();
    for (key, paths) in remains(store)? {
        let Some(_reservation) = store.try_reserve(&key)? else {
            collected.in_use += 1;
            continue;
        };
        for path in paths {
            match remove_aside(store, &path)? {
                true => collected.remains += 1,
                false => collected.in_use += 1,
            }
        }
    }
    Ok(collected)
}

/// What is in the directory for what is being made, by the key whose lock protects it.
fn remains(store: &Store) -> Result<BTreeMap<String, Vec<PathBuf>>, Failure> {
    let mut remains: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for name in names_in(&store.aside())? {
        let (key, end) = match name.rsplit_once('.') {
            Some((key, end @ ("lock" | "json"))) => (key, end),
            _ => (name.as_str(), ""),
        };
        let paths = remains.entry(key.to_owned()).or_default();
        if end != "lock" {
            paths.push(store.aside().join(&name));
        }
    }
    Ok(remains)
}

/// Whether it is gone; not if somebody still works in it.
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
    inside::perform(store.root(), Task::Remove(store.relative(path)), None)?;
    Ok(true)
}

/// Whether the layer is gone; `None` if an image names it after all.
fn remove_layer(store: &Store, key: &str) -> Result<Option<bool>, Failure> {
    let path = store.layer_dir(key);
    let Some(_reservation) = store.try_reserve(key)? else {
        return Ok(Some(false));
    };
    let Some(lock) = lock_for_removal(&path).map_err(|error| cannot(&path, &error))? else {
        return Ok(Some(false));
    };
    // Whoever builds with it holds it until the image names it, so that from here on no new image does.
    if named(store)?.contains(key) {
        return Ok(None);
    }
    let aside = store.aside().join(key);
    fs::rename(&path, &aside).map_err(|error| cannot(&path, &error))?;
    drop(lock);
    inside::perform(store.root(), Task::Remove(store.relative(&aside)), None)?;
    Ok(Some(true))
}

/// The layers that images need.
fn named(store: &Store) -> Result<BTreeSet<String>, Failure> {
    let mut named = BTreeSet::new();
    for name in names_in(&store.images())? {
        let path = store.images().join(name);
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            bytes => bytes.map_err(|error| cannot(&path, &error))?,
        };
        let image: ImageRecord = serde_json::from_slice(&bytes).map_err(|error| {
            Failure::new(format!(
                "cannot find out which layers {} needs: {error}",
                path.display()
            ))
            .hint("remove the file; without it, its layers are collected")
        })?;
        named.extend(image.layers);
    }
    Ok(named)
}

fn names_in(dir: &Path) -> Result<Vec<String>, Failure> {
    let entries = fs::read_dir(dir)
        .and_then(Iterator::collect::<io::Result<Vec<_>>>)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", dir.display())))?;
    let names = entries.iter().map(fs::DirEntry::file_name);
    Ok(names.filter_map(|name| name.into_string().ok()).collect())
}

fn cannot(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("cannot remove {}: {error}", path.display()))
}
