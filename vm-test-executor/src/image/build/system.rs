//! The build step that imports a foreign system.
//!
//! Reads no archive itself.

use super::layers::{Layers, key_of};
use crate::image::import::{Runner, Stack};
use crate::image::store::{self, space};
use vm_test_protocol::failure::Failure;

/// Adds imported layers; all that the store lacks are checked before the first is unpacked.
pub(super) fn add(
    layers: &mut Layers<'_>,
    stack: &Stack,
    runner: &mut dyn Runner,
) -> Result<(), Failure> {
    let mut parent = layers.keys.last().cloned();
    let mut sizes = Vec::new();
    layers.progress.expect(stack.layers.len());
    for layer in &stack.layers {
        let key = key_of(parent.as_ref(), &layer.parts());
        sizes.push(match store::layers::find(layers.store, &key) {
            Some(_) => None,
            None => {
                layers.progress.phase(&layer.step(), "check");
                Some(layer.survey(layers.store)?)
            }
        });
        parent = Some(key);
    }
    if !sizes.is_empty() && sizes.iter().all(|size| *size == Some(Some(0))) {
        return Err(
            Failure::new("cannot import it: none of its layers holds anything".to_owned())
                .hint("check that the image is complete, with all the layers it is based on"),
        );
    }
    for (layer, size) in stack.layers.iter().zip(sizes) {
        let size = size.flatten();
        let step = layer.step();
        let below: Vec<_> = layers
            .keys
            .iter()
            .map(|key| layers.store.files(key))
            .collect();
        layers.add(&step, &layer.parts(), |store, aside| {
            let before = space::free(store.root());
            let into = store.relative(&aside.join("files"));
            let below: Vec<_> = below.iter().map(|files| store.relative(files)).collect();
            layer
                .unpack(store, &below, into, runner)
                .map_err(|failure| {
                    if space::is_full(&failure, store.root(), false) {
                        space::full(store.root(), &step, before, size)
                    } else {
                        failure
                    }
                })
        })?;
    }
    Ok(())
}
