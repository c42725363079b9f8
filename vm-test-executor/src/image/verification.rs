//! Checks that everything stored for an image is unchanged.
//!
//! Reads everything; changes nothing.

use crate::image::inside::{self, Task};
use crate::image::machine;
use crate::image::store::{Store, images, layers, subvolume};
use vm_test_protocol::failure::Failure;

/// Hashes everything stored for an image again, and describes what has changed.
///
/// This covers its layers, the subvolume of its snapshots, and the files that its VMs boot from.
///
/// # Errors
/// If the image does not exist or cannot be read.
pub fn verify(store: &Store, name: &str) -> Result<Vec<String>, Failure> {
    let mut changed = Vec::new();
    let (image, _held) = images::hold(store, name)?;
    for key in &image.layers {
        let files = store.relative(&store.files(key));
        let (found, _) = inside::hash(store.root(), Task::Digest(files))?;
        let expected = layers::find(store, key).map(|layer| layer.digest.to_string());
        let expected = expected.unwrap_or_default();
        if expected != found.as_str() {
            changed.push(format!(
                "layer {key}: expected sha256:{expected}, got sha256:{found}"
            ));
        }
    }
    if !subvolume::is_unchanged(store, &image)? {
        changed.push("the subvolume that guests get snapshots of".to_owned());
    }
    changed.extend(machine::verify(store, &image)?);
    Ok(changed)
}
