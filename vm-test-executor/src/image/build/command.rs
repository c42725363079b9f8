//! The build step that runs a command in a guest.
//!
//! Starts no guest itself.

use super::layers::Layers;
use crate::image::import::Runner;
use crate::image::inside::{self, Task};
use crate::image::layer::key::LayerKey;
use crate::image::layer::lock;
use crate::image::recipe::RunEntry;
use crate::image::store::staging::cannot_make;
use vm_test_protocol::daemon::LayerBuild;
use vm_test_protocol::failure::Failure;

/// Adds the layer with what a command writes.
pub(super) fn add(
    layers: &mut Layers<'_>,
    entry: &RunEntry,
    runner: &mut dyn Runner,
) -> Result<(), Failure> {
    let below = layers.keys.iter().map(LayerKey::to_string).collect();
    let network = if entry.network { "network" } else { "" };
    let step = format!("run {}", entry.command);
    let parts: [&[u8]; 3] = [b"run", entry.command.as_bytes(), network.as_bytes()];
    layers.add(&step, &parts, |store, aside| {
        let task = Task::Make(vec![
            store.relative(&aside.join("files")),
            store.relative(&aside.join("work")),
        ]);
        inside::perform(store.root(), task, None)?;
        let layer = LayerBuild {
            below,
            aside: store.relative(aside).to_string_lossy().into_owned(),
            network: entry.network,
            set_up: false,
        };
        runner.run(&entry.command, layer)?;
        // The lease has ended, but the instance may still be shutting down.
        lock::wait_for_writers(aside).map_err(|error| cannot_make(aside, &error))?;
        let work = store.relative(&aside.join("work"));
        inside::perform(store.root(), Task::Remove(work), None).map(drop)
    })
}
