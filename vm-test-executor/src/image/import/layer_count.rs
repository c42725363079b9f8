//! The limit of layers in an image.

use crate::image::archive::refusal::cannot;
use vm_test_protocol::failure::Failure;

/// The maximum number of layers that a guest's root can be mounted from.
const MOST_LAYERS: usize = 40;

/// Checks that a guest's root can be mounted from this many layers.
pub(super) fn check_count(count: usize, name: &str) -> Result<(), Failure> {
    if (1..=MOST_LAYERS).contains(&count) {
        return Ok(());
    }
    let cause = format!("it has {count} layers, and from 1 to {MOST_LAYERS} can be used");
    Err(cannot(name, cause).hint("squash it, or unpack it and import the directory"))
}
