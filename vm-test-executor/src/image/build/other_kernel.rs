//! An image with a kernel from the host's files instead of its own: its layers, and those of the kernel above. No image in
//! the store names these, so `gc --images` removes them, and they are made again when needed.

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

/// How the keys of what is remembered of them begin.
const PREFIX: &str = "kernel-";

/// What is remembered: which layers they are.
const RECORD: &str = "image.json";

/// So many are remembered that nobody uses just now.
const KEPT: usize = 8;

/// This image with the kernel in a file of the host, and the modules that are installed with it; `making` is told if its
/// layers have to be made first.
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
    // They have been removed since.
    artifact::take_away(store, &key, remembered)?;
    let found = layers_of(store, &make()?)?;
    found.ok_or_else(|| cannot("its layers were removed from the store just now"))
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
        // Whoever wants this holds the image's own layers.
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

/// What is remembered, with all of its layers held; `None` if they are not there any more.
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

/// The key of all that decides which layers they are. Modules are not read: whoever installs some has their index made last.
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

/// Nobody looks on: the daemon says by itself what it does.
struct Quiet;

impl Progress for Quiet {
    fn expect(&mut self, _: usize) {}
    fn phase(&mut self, _: &str, _: &str) {}
    fn begin(&mut self, _: &str) {}
    fn cached(&mut self, _: &str) {}
    fn waiting(&mut self, _: &str) {}
    fn end(&mut self) {}
}
