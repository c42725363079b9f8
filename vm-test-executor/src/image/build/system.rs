//! The build step that imports a foreign system.
//!
//! Reads no archive itself.

use super::layers::{Layers, key_of};
use crate::image::import::{Runner, Stack};
use crate::image::layer::key::LayerKey;
use crate::image::store::{self, space};
use vm_test_protocol::failure::Failure;

/// Adds imported layers; all that the store lacks are checked before the first is unpacked.
pub(super) fn add(
    layers: &mut Layers<'_>,
    stack: &Stack,
    runner: &mut dyn Runner,
) -> Result<(), Failure> {
    let (store, mut parent) = (layers.store, layers.keys.last().cloned());
    layers.progress.expect(stack.layers.len());
    let keys: Vec<_> = stack
        .layers
        .iter()
        .map(|layer| {
            let key = key_of(parent.as_ref(), &layer.parts());
            parent = Some(key.clone());
            key
        })
        .collect();
    let lacks = |key: &LayerKey| store::layers::find(store, key).is_none();
    if let Some((layer, _)) = stack.layers.iter().zip(&keys).find(|(_, key)| lacks(key)) {
        let progress = &mut layers.progress;
        stack.reserve(store, || progress.waiting(&layer.step()))?;
    }
    let mut sizes = Vec::new();
    for (layer, key) in stack.layers.iter().zip(&keys) {
        sizes.push(if lacks(key) {
            layers.progress.phase(&layer.step(), "check");
            Some(layer.survey(store, runner)?)
        } else {
            None
        });
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
    stack.remember(store, &keys)
}
