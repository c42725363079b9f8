//! The build step that copies a file or directory of the host.

use super::layers::Layers;
use crate::image::inside::{self, Task};
use crate::image::layer::{archiver, footprint};
use crate::image::recipe::FileEntry;
use crate::image::store::space;
use std::fs::{self, File};
use vm_test_protocol::failure::Failure;

/// Adds the layer with a file or directory.
pub(super) fn add(layers: &mut Layers<'_>, entry: &FileEntry) -> Result<(), Failure> {
    let archive = archiver::of_entry(&entry.from)?;
    let mode = entry
        .mode
        .as_deref()
        .map(|text| u32::from_str_radix(text, 8));
    let mode = mode.transpose().map_err(|_| {
        Failure::new(format!(
            "cannot copy to {}: {:?} is not a valid mode",
            entry.to.display(),
            entry.mode
        ))
        .hint("write them in octal, as in mode = \"0755\"")
    })?;
    let to = entry.to.to_string_lossy().into_owned();
    let bits = entry.mode.clone().unwrap_or_default();
    let step = format!("copy {} to {to}", entry.from.display());
    let parts: [&[u8]; 4] = [b"file", to.as_bytes(), bits.as_bytes(), &archive];
    let keys = layers.keys.clone();
    layers.add(&step, &parts, |store, aside| {
        let below: Vec<_> = keys
            .iter()
            .map(|key| store.relative(&store.files(key)))
            .collect();
        let file = aside.join("entry.tar");
        let cannot = |error: std::io::Error| {
            Failure::new(format!("cannot write {}: {error}", file.display()))
        };
        let before = space::free(store.root());
        let place = || {
            fs::write(&file, &archive).map_err(cannot)?;
            let task = Task::Place {
                into: store.relative(&aside.join("files")),
                below: below.clone(),
                to: entry.to.clone(),
                mode,
            };
            inside::perform(store.root(), task, Some(File::open(&file).map_err(cannot)?))
        };
        place().map_err(|failure| {
            // The archive and its content.
            let needs = 2 * footprint::of_file(archive.len() as u64);
            if space::is_full(&failure, store.root(), false) {
                space::full(store.root(), &step, before, Some(needs))
            } else {
                failure
            }
        })?;
        fs::remove_file(&file).map_err(cannot)
    })
}
