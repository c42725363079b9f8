//! Layers in the store: their records, their publication, and the locks that keep them.
//!
//! Makes none.

use super::locks::{Held, hold_directory};
use super::record::{LayerRecord, write_durably};
use super::store::{Store, cannot};
use crate::image::layer::key::LayerKey;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// Returns the record of a layer, if it exists.
#[must_use]
pub fn find(store: &Store, key: &LayerKey) -> Option<LayerRecord> {
    let text = fs::read(store.layers().join(key).join("layer.json")).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Keeps a layer from being removed; returns false if it is not in the store.
///
/// # Errors
/// If it cannot be locked.
pub fn hold(store: &Store, key: &LayerKey, held: &mut Held) -> Result<bool, Failure> {
    Ok(hold_directory(&store.layer_dir(key), held)? && find(store, key).is_some())
}

/// Returns the layer size of the same step in an earlier build.
///
/// This is an estimate of what a command will write.
pub(in crate::image) fn size_of_step(store: &Store, step: &str) -> Option<u64> {
    let entries = fs::read_dir(store.layers()).ok()?.flatten();
    let layers =
        entries.filter_map(|entry| find(store, &entry.file_name().to_str()?.parse().ok()?));
    let sizes = layers.filter(|layer| layer.step == step);
    sizes.map(|layer| layer.bytes).max()
}

/// Publishes a layer that was made in `aside`.
///
/// # Errors
/// If it cannot be written; the layer then does not exist.
pub(in crate::image) fn publish(
    store: &Store,
    aside: &Path,
    record: &LayerRecord,
) -> Result<(), Failure> {
    store.check()?;
    let write = || -> io::Result<()> {
        write_durably(
            &aside.join("layer.json"),
            &serde_json::to_vec_pretty(record)?,
        )?;
        // The layer's content must be on disk before its name is.
        rustix::fs::syncfs(File::open(aside)?)?;
        fs::rename(aside, store.layers().join(&record.key))?;
        File::open(store.layers())?.sync_all()
    };
    write().map_err(|error| cannot("publish the layer", aside, &error))
}
