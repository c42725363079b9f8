//! Builds a recipe: for each step, reuses the layer in the store or makes a new one.
//!
//! Reports its progress. A layer's key is the hash of its parent's key and of the step's inputs, so
//! a changed step makes new layers for itself and all later steps, and reuses the earlier ones.

use super::layers::{Layers, Progress};
use super::{chain, command, kernel_layer, packages, place, system};
use crate::config::Init;
use crate::image::import::{Runner, Stack};
use crate::image::inside::{self, Task};
use crate::image::layer::bootstrap;
use crate::image::layer::release::Release;
use crate::image::recipe::{Base, Recipe};
use crate::image::store::{Held, ImageRecord, KernelRecord, Store, images, remains};
use vm_test_protocol::failure::Failure;

/// Builds a recipe's image, after any missing images that it is based on.
///
/// # Errors
/// If a step fails; an existing image of this name is then unchanged.
pub fn build(
    store: &Store,
    recipe: &Recipe,
    progress: &mut dyn Progress,
    runner: &mut dyn Runner,
) -> Result<ImageRecord, Failure> {
    // Otherwise a disk full of the remains of killed builds would make this build fail.
    remains::clear(store)?;
    for base in chain::missing(store, recipe)? {
        build_one(store, &base, progress, runner)?;
    }
    build_one(store, recipe, progress, runner)
}

fn build_one(
    store: &Store,
    recipe: &Recipe,
    progress: &mut dyn Progress,
    runner: &mut dyn Runner,
) -> Result<ImageRecord, Failure> {
    let mut layers = Layers {
        store,
        keys: Vec::new(),
        held: Held::default(),
        progress,
    };
    let steps = recipe.users.len() + recipe.files.len() + recipe.run.len();
    layers.progress.expect(steps);
    let base = base(&mut layers, recipe, runner)?;
    if !matches!(recipe.base, Base::Release(_)) {
        packages::add(&mut layers, recipe, runner)?;
    }
    let kernel = kernel_layer::of_recipe(&mut layers, recipe, base.kernel)?;
    for entry in &recipe.users {
        command::add(&mut layers, entry, runner)?;
    }
    for entry in &recipe.files {
        place::add(&mut layers, entry)?;
    }
    for entry in &recipe.run {
        command::add(&mut layers, entry, runner)?;
    }
    let record = ImageRecord {
        init: recipe.init.or(base.init),
        kernel,
        ..images::compose(store, &recipe.name, layers.keys.clone())
    };
    let unchanged = images::find(store, &recipe.name).is_ok_and(|old| {
        old.layers == record.layers && old.init == record.init && old.kernel == record.kernel
    });
    if !unchanged {
        images::publish(store, &record)?;
    }
    Ok(record)
}

/// What an image inherits from its base besides layers, unless its recipe overrides it.
#[derive(Default)]
struct Inherited {
    init: Option<Init>,
    kernel: Option<KernelRecord>,
}

/// Adds the layers of the base.
fn base(
    layers: &mut Layers<'_>,
    recipe: &Recipe,
    runner: &mut dyn Runner,
) -> Result<Inherited, Failure> {
    let store = layers.store;
    let stack = match &recipe.base {
        Base::Image(name) => {
            let (image, held) = images::hold(store, name)?;
            layers.keys = image.layers;
            layers.held = held;
            return Ok(Inherited {
                init: image.init,
                kernel: image.kernel,
            });
        }
        Base::Release(release) => {
            bootstrapped(layers, recipe, release)?;
            return Ok(Inherited::default());
        }
        Base::Host(without) => {
            system::add(layers, &Stack::of_host(without, store), runner)?;
            return Ok(Inherited::default());
        }
        Base::Tar(path) => Stack::of_tar(path)?,
        Base::Directory(path) => Stack::of_directory(path, store)?,
        Base::Layout(path, pinned) => Stack::of_layout(path, pinned.as_deref(), store)?,
        Base::Registry(reference) => {
            layers
                .progress
                .phase(&reference.to_string(), "ask the registry");
            Stack::of_registry(reference, store)?
        }
        Base::Disk(path, format) => Stack::of_disk(path, *format)?,
        Base::Vagrant(path) => Stack::of_box(path, store)?,
    };
    system::add(layers, &stack, runner)?;
    Ok(Inherited {
        init: None,
        kernel: kernel_layer::of_system(layers),
    })
}

/// Adds the layer of a system that is bootstrapped.
fn bootstrapped(
    layers: &mut Layers<'_>,
    recipe: &Recipe,
    release: &Release,
) -> Result<(), Failure> {
    let packages = recipe.packages_with_loader();
    let step = format!("bootstrap {release} with {} packages", packages.len());
    let list = packages.join(",");
    let distribution = release.distribution.word().as_bytes();
    let parts: [&[u8]; 3] = [distribution, release.suite.as_bytes(), list.as_bytes()];
    bootstrap::check_tool(release)?;
    layers.progress.expect(1);
    layers.add(&step, &parts, |store, aside| {
        let log = aside.join("bootstrap.log");
        let task = Task::Bootstrap {
            into: store.relative(&aside.join("files")),
            log: store.relative(&log),
            release: release.clone(),
            packages: packages.clone(),
        };
        inside::perform(store.root(), task, None)?;
        inside::perform(store.root(), Task::Remove(store.relative(&log)), None).map(drop)
    })
}
