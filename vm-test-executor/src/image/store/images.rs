//! Images in the store: their names, their records, and the locks on their layers.
//!
//! Builds none.

use super::absent::absent;
use super::layers;
use super::locks::Held;
use super::record::{ImageRecord, write_durably};
use super::store::{Store, cannot};
use crate::image::layer::digest::Digest;
use crate::image::layer::key::LayerKey;
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// The longest name; a longer one, with all its suffixes, might not be a valid file name.
const LONGEST_NAME: usize = 128;

/// How often an image that is being replaced is looked up again.
const LOOKUPS: usize = 5;

/// Checks that an image can have this name.
///
/// Names come from users and from foreign files, and must not lead out of the store.
///
/// # Errors
/// If it cannot.
pub fn check_name(name: &str) -> Result<(), Failure> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
    if name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(plain)
        && name.len() <= LONGEST_NAME
    {
        return Ok(());
    }
    Err(
        Failure::new(format!("cannot use {name:?} as the name of an image")).hint(format!(
            "a name has at most {LONGEST_NAME} letters, digits and any of `._-+`, and begins with a letter or a digit"
        )),
    )
}

/// Returns the image of this name, with all its layers present.
///
/// # Errors
/// If there is none, or it is incomplete.
pub fn find(store: &Store, name: &str) -> Result<ImageRecord, Failure> {
    let path = record_of(store, name)?;
    let bytes = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => absent(store.root(), name, &list(store)),
        _ => cannot("read", &path, &error),
    })?;
    let record: ImageRecord =
        serde_json::from_slice(&bytes).map_err(|error| cannot("understand", &path, &error))?;
    for key in &record.layers {
        if layers::find(store, key).is_none() {
            return Err(Failure::new(format!(
                "cannot use image `{name}`: its layer {key} is not in the store"
            ))
            .hint(format!("build it again: vm-test image build {name}")));
        }
    }
    Ok(record)
}

/// Returns the image of this name, and the locks that keep its layers.
///
/// # Errors
/// If there is none, or it is incomplete.
pub fn hold(store: &Store, name: &str) -> Result<(ImageRecord, Held), Failure> {
    let mut lookups = 0;
    'again: loop {
        let image = find(store, name)?;
        let mut held = Held::default();
        for key in &image.layers {
            if !layers::hold(store, key, &mut held)? && lookups < LOOKUPS {
                // It was replaced and its layers were collected since `find`.
                lookups += 1;
                continue 'again;
            }
        }
        return Ok((image, held));
    }
}

/// Returns all images, sorted by name.
#[must_use]
pub fn list(store: &Store) -> Vec<ImageRecord> {
    let entries = fs::read_dir(store.images()).into_iter().flatten().flatten();
    let mut images: Vec<ImageRecord> = entries
        .filter_map(|entry| serde_json::from_slice(&fs::read(entry.path()).ok()?).ok())
        .collect();
    images.sort_by(|one, other| one.name.cmp(&other.name));
    images
}

/// Removes an image's record; its layers stay until they are unused and collected.
///
/// # Errors
/// If there is none of this name.
pub fn forget(store: &Store, name: &str) -> Result<(), Failure> {
    let path = record_of(store, name)?;
    if !path.exists() {
        find(store, name)?;
    }
    fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))
}

/// Returns a new record of an image with these layers.
pub(in crate::image) fn compose(store: &Store, name: &str, layers: Vec<LayerKey>) -> ImageRecord {
    let digests: Vec<_> = layers
        .iter()
        .map(|key| layers::find(store, key).map(|layer| layer.digest))
        .collect();
    let parts = digests
        .iter()
        .map(|digest| digest.as_ref().map_or(&b""[..], Digest::as_bytes));
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    ImageRecord {
        name: name.to_owned(),
        digest: Digest::of_parts(parts),
        layers,
        init: None,
        kernel: None,
        created: now.map_or(0, |now| now.as_secs()),
    }
}

/// Publishes an image, replacing one of the same name.
///
/// # Errors
/// If it cannot be written; the old one is then unchanged.
pub(in crate::image) fn publish(store: &Store, record: &ImageRecord) -> Result<(), Failure> {
    store.check()?;
    let path = record_of(store, &record.name)?;
    let key = format!("image-{}", record.name);
    let _reservation = store.reserve(&key, || ())?;
    let aside = store.staging().join(format!("{key}.json"));
    let write = || -> io::Result<()> {
        write_durably(&aside, &serde_json::to_vec_pretty(record)?)?;
        fs::rename(&aside, &path)?;
        File::open(store.images())?.sync_all()
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&aside);
        cannot("publish the image", &path, &error)
    })
}

/// Returns the file with an image's record.
fn record_of(store: &Store, name: &str) -> Result<PathBuf, Failure> {
    check_name(name)?;
    Ok(store.images().join(format!("{name}.json")))
}
