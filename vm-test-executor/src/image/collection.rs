//! Garbage collection: removes layers that no image names and no process uses, and what killed builders and daemons left.
//! Counts what is still in use.

use super::locks::lock_for_removal;
use super::{ImageRecord, Store, inside, machine, subvolume};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// What was found and removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Layers that no image names.
    pub layers: usize,
    /// Subvolumes of images that are no more.
    pub subvolumes: usize,
    /// Bytes of the layers' files.
    pub bytes: u64,
    /// Files that machines boot from and nobody needs: of images that are gone, or quick to make again.
    pub machines: usize,
    /// What killed builders and daemons left.
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
    needed(store)?;
    let mut collected = clear(store)?;
    if store.subvolumes().exists() {
        for key in names_in(&store.subvolumes())? {
            let path = store.subvolumes().join(&key);
            let reserved = format!("subvolume-{key}");
            match take_away(store, &path, &reserved, |needed| {
                needed.subvolumes.contains(&key)
            })? {
                Some(true) => collected.subvolumes += 1,
                Some(false) => collected.in_use += 1,
                None => {}
            }
        }
    }
    for key in names_in(&store.layers())? {
        let bytes = store.layer(&key).map_or(0, |layer| layer.bytes);
        let path = store.layer_dir(&key);
        match take_away(store, &path, &key, |needed| needed.layers.contains(&key))? {
            Some(true) => {
                collected.layers += 1;
                collected.bytes += bytes;
            }
            Some(false) => collected.in_use += 1,
            None => {}
        }
    }
    collect_artifacts(store, &mut collected)?;
    Ok(collected)
}

/// The files that machines boot from go with the image that they were made of; all else there is made anew in no time.
fn collect_artifacts(store: &Store, collected: &mut Collected) -> Result<(), Failure> {
    for key in names_in(&store.artifacts())? {
        if machine::is_needed(store, &key) {
            continue;
        }
        match store.remove_artifact(&key)? {
            Some(bytes) => {
                collected.machines += 1;
                collected.bytes += bytes;
            }
            None => collected.in_use += 1,
        }
    }
    Ok(())
}

/// Removes what killed builders left, and no layer.
///
/// # Errors
/// If it cannot be removed.
pub fn clear(store: &Store) -> Result<Collected, Failure> {
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
    inside::remove(store.root(), path)?;
    Ok(true)
}

/// Whether what has been made, under this reservation, is gone; `None` if an image needs it.
fn take_away(
    store: &Store,
    path: &Path,
    reserved: &str,
    is_needed: impl Fn(&Needed) -> bool,
) -> Result<Option<bool>, Failure> {
    if is_needed(&needed(store)?) {
        return Ok(None);
    }
    let Some(_reservation) = store.try_reserve(reserved)? else {
        return Ok(Some(false));
    };
    let Some(lock) = lock_for_removal(path).map_err(|error| cannot(path, &error))? else {
        return Ok(Some(false));
    };
    // Whoever builds with it holds it until the image names it, so that from here on no new image does.
    if is_needed(&needed(store)?) {
        return Ok(None);
    }
    let aside = store.aside().join(reserved);
    fs::rename(path, &aside).map_err(|error| cannot(path, &error))?;
    drop(lock);
    inside::remove(store.root(), &aside)?;
    Ok(Some(true))
}

/// What images need, by its key.
#[derive(Debug, Default)]
struct Needed {
    layers: BTreeSet<String>,
    subvolumes: BTreeSet<String>,
}

fn needed(store: &Store) -> Result<Needed, Failure> {
    let mut needed = Needed::default();
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
        needed.subvolumes.insert(subvolume::key_of(&image));
        needed.layers.extend(image.layers);
    }
    Ok(needed)
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
