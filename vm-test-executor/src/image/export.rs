//! Exports an image as one tar archive: its layers as a guest would see them, with nothing written.
//!
//! Does not change the store.

use crate::image::inside::{self, Task};
use crate::image::store::{Store, images};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// Writes the root file system of an image to an archive, which appears only when it is complete.
///
/// `-` is standard output.
///
/// # Errors
/// If the image does not exist or the archive cannot be written.
pub fn export(store: &Store, name: &str, archive: &Path) -> Result<(), Failure> {
    let (image, _held) = images::hold(store, name)?;
    let layers = image.layers.iter().map(|key| store.files(key));
    let task = Task::Export(layers.map(|files| store.relative(&files)).collect());
    let cannot = |error: std::io::Error| {
        Failure::new(format!("cannot write {}: {error}", archive.display()))
    };
    if archive == Path::new("-") {
        let stdout = rustix::io::fcntl_dupfd_cloexec(std::io::stdout(), 3);
        let stdout = stdout.map_err(|error| cannot(error.into()))?;
        return inside::perform_to(store.root(), task, None, Some(stdout.into())).map(drop);
    }
    let mut partial = archive.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let file = File::create(&partial).map_err(cannot)?;
    let kept = file.try_clone().map_err(cannot)?;
    let written = inside::perform_to(store.root(), task, None, Some(file))
        .and_then(|_| kept.sync_all().map_err(cannot))
        .and_then(|()| fs::rename(&partial, archive).map_err(cannot));
    if written.is_err() {
        let _ = fs::remove_file(&partial);
    }
    written
}
