//! Garbage collection: removes unused layers, and leftovers of killed builders and daemons.
//!
//! Counts what is still in use.

use crate::image::layer::lock::lock_for_removal;
use crate::image::store::remains::{Collected, cannot, clear, names_in};
use crate::image::store::{
    ImageRecord, Store, artifact, images, layers, pulled, set_ups, subvolume,
};
use crate::image::{inside, machine};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// Collects garbage.
///
/// # Errors
/// If an image's record cannot be parsed, because then it is unknown which layers it needs, or if
/// something cannot be removed.
pub fn collect(store: &Store) -> Result<Collected, Failure> {
    needed(store)?;
    for image in set_ups::by_use(store) {
        forget_unused(store, &image)?;
    }
    let mut collected = clear(store)?;
    if store.subvolumes().exists() {
        for key in names_in(&store.subvolumes())? {
            let path = store.subvolumes().join(&key);
            let reserved = format!("subvolume-{key}");
            match try_remove(store, &path, &reserved, |needed| {
                needed.subvolumes.contains(&key)
            })? {
                Some(true) => collected.subvolumes += 1,
                Some(false) => collected.in_use += 1,
                None => {}
            }
        }
    }
    for key in names_in(&store.layers())? {
        let bytes = bytes_of(store, &key);
        let path = store.layers().join(&key);
        match try_remove(store, &path, &key, |needed| needed.layers.contains(&key))? {
            Some(true) => {
                collected.layers += 1;
                collected.bytes += bytes;
            }
            Some(false) => collected.in_use += 1,
            None => {}
        }
    }
    pulled::sweep(store)?;
    collect_artifacts(store, &mut collected)?;
    Ok(collected)
}

/// Removes all images that set-ups have made, except for those used last, as many as `most`, and
/// those that instances use.
///
/// # Errors
/// If something cannot be removed.
pub fn trim_set_ups(store: &Store, most: usize) -> Result<(), Failure> {
    for image in set_ups::by_use(store).iter().skip(most) {
        if !forget_unused(store, image)? {
            continue;
        }
        if let Some(key) = image.layers.last() {
            let path = store.layers().join(key);
            try_remove(store, &path, key.as_str(), |needed| {
                needed.layers.contains(key.as_str())
            })?;
        }
        let files = machine::key_for(image).filter(|key| !machine::is_needed(store, key));
        if let Some(key) = files {
            artifact::remove(store, &key)?;
        }
        let key = subvolume::key_of(image);
        let path = store.subvolumes().join(&key);
        if path.exists() {
            let reserved = format!("subvolume-{key}");
            try_remove(store, &path, &reserved, |needed| {
                needed.subvolumes.contains(&key)
            })?;
        }
    }
    Ok(())
}

/// Removes the record of an image that a set-up has made, unless an instance uses it; returns
/// whether it did.
fn forget_unused(store: &Store, image: &ImageRecord) -> Result<bool, Failure> {
    let Some(key) = image.layers.last() else {
        return Ok(false);
    };
    let path = store.layers().join(key);
    match lock_for_removal(&path) {
        Ok(None) => return Ok(false),
        // Held while its record goes: nobody begins to use it meanwhile.
        Ok(Some(_lock)) => images::forget(store, &image.name)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            images::forget(store, &image.name)?;
        }
        Err(error) => return Err(cannot(&path, &error)),
    }
    Ok(true)
}

/// Returns the size of a layer's files according to its record.
fn bytes_of(store: &Store, name: &str) -> u64 {
    let record = name.parse().ok().and_then(|key| layers::find(store, &key));
    record.map_or(0, |layer| layer.bytes)
}

/// Removes artifacts, except the VM files of existing images; all others are quick to make again.
fn collect_artifacts(store: &Store, collected: &mut Collected) -> Result<(), Failure> {
    for key in names_in(&store.artifacts())? {
        if machine::is_needed(store, &key) {
            continue;
        }
        match artifact::remove(store, &key)? {
            Some(bytes) => {
                collected.machines += 1;
                collected.bytes += bytes;
            }
            None => collected.in_use += 1,
        }
    }
    Ok(())
}

/// Removes something under this reservation.
///
/// Returns false if it is in use, `None` if an image needs it.
fn try_remove(
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
    // A build holds it until its image names it, so from here on no new image can need it.
    if is_needed(&needed(store)?) {
        return Ok(None);
    }
    let aside = store.staging().join(reserved);
    fs::rename(path, &aside).map_err(|error| cannot(path, &error))?;
    drop(lock);
    inside::remove(store.root(), &aside)?;
    Ok(Some(true))
}

/// The keys of what images need.
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
        needed
            .layers
            .extend(image.layers.into_iter().map(String::from));
    }
    Ok(needed)
}
