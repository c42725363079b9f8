//! The layers of one build: for each step the one in the store, or a new one.
//!
//! A new layer is made under a lock in a staging directory and published when it is complete. Does
//! not know recipes.

use crate::image::inside::{self, Task};
use crate::image::layer::key::LayerKey;
use crate::image::store::staging::{self, make_empty};
use crate::image::store::{Held, LayerRecord, Store, layers, space};
use std::path::Path;
use vm_test_protocol::failure::{Failure, Kind};

/// Increment when the same recipe would give other layers.
const FORMAT: &[u8] = b"vm-test layer 1";

/// Reports each step as it begins and ends.
pub trait Progress {
    /// Announces this many more steps of the build.
    fn expect(&mut self, steps: usize);
    /// Reports what is being done for a step.
    fn phase(&mut self, step: &str, phase: &str);
    /// Reports that a step begins and has to be done.
    fn begin(&mut self, step: &str);
    /// Reports that a step's layer is already in the store.
    fn cached(&mut self, step: &str);
    /// Reports that this build waits for another one that is making the same layer.
    fn waiting(&mut self, step: &str);
    /// Reports that the step that began last is done.
    fn end(&mut self);
}

/// The layers so far.
pub(super) struct Layers<'a> {
    pub(super) store: &'a Store,
    pub(super) keys: Vec<LayerKey>,
    /// Keeps the layers from being removed until the image names them.
    pub(super) held: Held,
    pub(super) progress: &'a mut dyn Progress,
}

impl Layers<'_> {
    /// Adds one layer, which `make` creates in the given directory if the store lacks it.
    pub(super) fn add(
        &mut self,
        step: &str,
        parts: &[&[u8]],
        make: impl FnOnce(&Store, &Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let key = key_of(self.keys.last(), parts);
        if self.keep(&key)? {
            self.progress.cached(step);
            return Ok(());
        }
        let progress = &mut self.progress;
        let _reservation = self
            .store
            .reserve(key.as_str(), || progress.waiting(step))?;
        if self.keep(&key)? {
            // Another build made it while this one waited.
            self.progress.cached(step);
            return Ok(());
        }
        self.progress.begin(step);
        self.store.check()?;
        let aside = self.store.staging().join(&key);
        staging::remove(self.store, &aside)?;
        let before = space::free(self.store.root());
        let made = self.make_aside(&aside, &key, step, make);
        let made = made.map_err(|failure| explain(self.store, step, before, failure));
        if made.is_err() {
            // If this fails, the next build of this layer or `gc` removes what is left.
            let _ = staging::remove(self.store, &aside);
        }
        made?;
        self.progress.end();
        if self.keep(&key)? {
            Ok(())
        } else {
            Err(Failure::new(format!(
                "cannot {step}: the layer {key} was removed from the store meanwhile"
            )))
        }
    }

    /// Adds a layer from the store; returns false if the store does not have it.
    fn keep(&mut self, key: &LayerKey) -> Result<bool, Failure> {
        let has = layers::hold(self.store, key, &mut self.held)?;
        if has {
            self.keys.push(key.clone());
        }
        Ok(has)
    }

    fn make_aside(
        &mut self,
        aside: &Path,
        key: &LayerKey,
        step: &str,
        make: impl FnOnce(&Store, &Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        make_empty(aside)?;
        make(self.store, aside)?;
        self.progress.phase(step, "hash");
        let files = self.store.relative(&aside.join("files"));
        let (digest, bytes) = inside::hash(self.store.root(), Task::Digest(files))?;
        let record = LayerRecord {
            key: key.clone(),
            digest,
            step: step.to_owned(),
            bytes,
        };
        self.progress.phase(step, "write to disk");
        layers::publish(self.store, aside, &record)
    }
}

/// Rewords the failure if the step failed because the disk is full or the store is gone.
fn explain(store: &Store, step: &str, before: u64, failure: Failure) -> Failure {
    if let Err(gone) = store.check() {
        return gone;
    }
    let root = store.root();
    let bootstraps = step.starts_with("bootstrap ");
    let elsewhere = ["run ", "add the kernel "];
    let elsewhere = bootstraps || elsewhere.iter().any(|start| step.starts_with(start));
    let full = space::is_full(&failure, root, elsewhere);
    if !full || failure.kind() == Kind::StoreFull {
        return failure;
    }
    let known = bootstraps.then_some(space::BOOTSTRAP);
    space::full(
        root,
        step,
        before,
        known.or_else(|| layers::size_of_step(store, step)),
    )
}

/// Returns the key of the layer that a step makes above `parent`.
pub(super) fn key_of(parent: Option<&LayerKey>, parts: &[&[u8]]) -> LayerKey {
    let parent = parent.map_or("", LayerKey::as_str);
    let whole = [FORMAT, parent.as_bytes()]
        .into_iter()
        .chain(parts.iter().copied());
    LayerKey::of_parts(whole)
}
