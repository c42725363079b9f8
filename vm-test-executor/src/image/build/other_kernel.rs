//! An image with a kernel from the host's files instead of its own.
//!
//! No image in the store names the kernel's layers, so `gc --images` removes them, and they are
//! made again when needed.

use super::kernel_files::modules_beside;
use super::kernel_layer;
use super::layers::{Layers, Progress};
use crate::config::OtherKernel;
use crate::image::boot::kernel::INDEX;
use crate::image::layer::digest::Digest;
use crate::image::layer::key::LayerKey;
use crate::image::store::{
    Artifact, Held, ImageRecord, Lasting, Store, artifact, fingerprint, images, layers, write_json,
};
use std::fs;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// The prefix of the keys of cached records.
const PREFIX: &str = "kernel-";

/// The file in a cached record that names the layers.
const RECORD: &str = "image.json";

/// How many unused records are kept.
const KEPT: usize = 8;

/// Returns this image with the kernel in a file of the host and the modules installed with it.
///
/// `making` is called if its layers have to be made first.
///
/// # Errors
/// If there is no such kernel, or it cannot be added.
pub fn with_kernel(
    store: &Store,
    image: &ImageRecord,
    vmlinuz: &Path,
    making: &dyn Fn(),
) -> Result<(ImageRecord, Held), Failure> {
    let cannot = |cause: &str| {
        Failure::new(format!(
            "cannot use the kernel {}: {cause}",
            vmlinuz.display()
        ))
        .hint(OtherKernel::HINT)
    };
    if !vmlinuz.is_file() {
        return Err(cannot("there is no such file"));
    }
    let modules = modules_beside(vmlinuz)?;
    let key =
        key_of(image, vmlinuz, modules.as_deref()).map_err(|error| cannot(&error.to_string()))?;
    let make = || {
        artifact::obtain(store, &key, Lasting::UntilReboot, making, |aside| {
            making();
            artifact::forget_oldest(store, PREFIX, KEPT)?;
            let record = add_kernel(store, image, vmlinuz, modules.as_deref())?;
            write_json(&aside.join(RECORD), &record).map_err(|error| cannot(&error.to_string()))
        })
    };
    let remembered = make()?;
    if let Some(found) = layers_of(store, &remembered)? {
        return Ok(found);
    }
    // The layers have been removed since.
    artifact::discard(store, &key, remembered)?;
    let found = layers_of(store, &make()?)?;
    found.ok_or_else(|| cannot("its layers were removed from the store meanwhile"))
}

fn add_kernel(
    store: &Store,
    image: &ImageRecord,
    vmlinuz: &Path,
    modules: Option<&Path>,
) -> Result<ImageRecord, Failure> {
    let mut progress = Quiet;
    let mut layers = Layers {
        store,
        keys: image.layers.clone(),
        // The caller already holds the image's own layers.
        held: Held::default(),
        progress: &mut progress,
    };
    let kernel = kernel_layer::of_files(&mut layers, vmlinuz, modules)?;
    Ok(ImageRecord {
        init: image.init,
        kernel: Some(kernel),
        ..images::compose(store, &image.name, layers.keys)
    })
}

/// Returns the cached record with all of its layers held; `None` if any layer is gone.
fn layers_of(store: &Store, artifact: &Artifact) -> Result<Option<(ImageRecord, Held)>, Failure> {
    let bytes = fs::read(artifact.directory.join(RECORD)).unwrap_or_default();
    let Ok(record) = serde_json::from_slice::<ImageRecord>(&bytes) else {
        return Ok(None);
    };
    let mut held = Held::default();
    for key in &record.layers {
        if !layers::hold(store, key, &mut held)? {
            return Ok(None);
        }
    }
    Ok(Some((record, held)))
}

/// Returns the key of everything that decides which layers these are.
///
/// The modules themselves are not hashed: installing modules always updates their index last.
fn key_of(image: &ImageRecord, vmlinuz: &Path, modules: Option<&Path>) -> std::io::Result<String> {
    let layers: Vec<_> = image.layers.iter().map(LayerKey::as_str).collect();
    let mut parts = vec![
        fingerprint::until_reboot(),
        layers.join(" ").into_bytes(),
        fingerprint::of_file(vmlinuz)?,
    ];
    if let Some(modules) = modules {
        parts.push(fingerprint::of_file(&modules.join(INDEX))?);
    }
    let hash = Digest::of_parts(parts.iter().map(Vec::as_slice));
    Ok(format!("{PREFIX}{}", hash.key()))
}

/// Reports nothing: the daemon has its own messages.
struct Quiet;

impl Progress for Quiet {
    fn expect(&mut self, _: usize) {}
    fn phase(&mut self, _: &str, _: &str) {}
    fn begin(&mut self, _: &str) {}
    fn cached(&mut self, _: &str) {}
    fn waiting(&mut self, _: &str) {}
    fn end(&mut self) {}
}
