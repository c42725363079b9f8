//! Staging directories: where layers and artifacts are made before they are published.
//!
//! Does not know their content.

use super::store::Store;
use crate::image::inside::{self, Task};
use crate::image::layer::lock;
use std::fs;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// Creates a staging directory.
pub(in crate::image) fn make_empty(aside: &Path) -> Result<(), Failure> {
    fs::create_dir(aside).map_err(|error| cannot_make(aside, &error))?;
    // The guest's root also works in here, which is another user of the host.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(aside, open).map_err(|error| cannot_make(aside, &error))
}

pub(in crate::image) fn cannot_make(aside: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot make {}: {error}", aside.display()))
}

/// Removes what is left of an earlier attempt; a missing directory is not an error.
pub(in crate::image) fn remove(store: &Store, aside: &Path) -> Result<(), Failure> {
    if !aside.exists() {
        return Ok(());
    }
    // The children of a killed process may outlive it for a moment.
    lock::wait_for_writers(aside).map_err(|error| cannot_make(aside, &error))?;
    let task = Task::Remove(store.relative(aside));
    inside::perform(store.root(), task, None).map(drop)
}
