//! Builds a recipe: for each step takes the layer in the store, or makes a new one. Reports its progress.
//!
//! A layer's key is the hash of its parent's key and of the step's inputs, so a changed step makes new layers for itself and
//! the steps after it, and reuses those before it.

use super::chain;
use super::layers::{Layers, Progress, key_of};
use crate::config::Init;
use crate::image::import::Runner;
use crate::image::import::Stack;
use crate::image::inside::{self, Task};
use crate::image::layer::{archiver, bootstrap, footprint, lock};
use crate::image::recipe::{Base, FileEntry, Recipe, RunEntry};
use crate::image::store::remains;
use crate::image::store::staging::cannot_make;
use crate::image::store::{Held, ImageRecord, KernelRecord, Store, space};
use std::fs::{self, File};
use vm_test_protocol::daemon::LayerBuild;
use vm_test_protocol::failure::Failure;

/// Builds a recipe's image, and first those that it starts from and that are not there.
///
/// # Errors
/// If a step fails; the image that was there before is there still.
pub fn build(
    store: &Store,
    recipe: &Recipe,
    progress: &mut dyn Progress,
    runner: &mut dyn Runner,
) -> Result<ImageRecord, Failure> {
    // A disk that killed builds have filled would fail this one.
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
    let mut build = Build {
        store,
        init: recipe.init,
        kernel: None,
        layers: Layers {
            store,
            keys: Vec::new(),
            held: Held::default(),
            progress,
        },
    };
    let steps = recipe.users.len() + recipe.files.len() + recipe.run.len();
    build.layers.progress.expect(steps);
    build.base(recipe, runner)?;
    build.kernel(recipe)?;
    for entry in &recipe.users {
        build.run(entry, runner)?;
    }
    for entry in &recipe.files {
        build.place(entry)?;
    }
    for entry in &recipe.run {
        build.run(entry, runner)?;
    }
    let (record, _held) = build.finish(&recipe.name);
    let unchanged = store.image(&recipe.name).is_ok_and(|old| {
        old.layers == record.layers && old.init == record.init && old.kernel == record.kernel
    });
    if !unchanged {
        store.publish_image(&record)?;
    }
    Ok(record)
}

pub(super) struct Build<'a> {
    store: &'a Store,
    init: Option<Init>,
    pub(super) kernel: Option<KernelRecord>,
    pub(super) layers: Layers<'a>,
}

impl<'a> Build<'a> {
    /// The build of something above an image that is there.
    pub(super) fn above(
        store: &'a Store,
        image: ImageRecord,
        held: Held,
        progress: &'a mut dyn Progress,
    ) -> Self {
        Self {
            store,
            init: image.init,
            kernel: image.kernel,
            layers: Layers {
                store,
                keys: image.layers,
                held,
                progress,
            },
        }
    }

    /// The image that has been built so far, under this name, and what keeps its layers.
    pub(super) fn finish(self, name: &str) -> (ImageRecord, Held) {
        let record = ImageRecord {
            init: self.init,
            kernel: self.kernel,
            ..self.store.compose(name, self.layers.keys)
        };
        (record, self.layers.held)
    }

    fn base(&mut self, recipe: &Recipe, runner: &mut dyn Runner) -> Result<(), Failure> {
        if !matches!(recipe.base, Base::Debian(_)) && !recipe.packages.is_empty() {
            return Err(Failure::new(format!(
                "cannot build image `{}`: packages need a base of the kind debian:",
                recipe.name
            ))
            .hint("install them in a run step with network = true"));
        }
        match &recipe.base {
            Base::Image(name) => {
                let (image, held) = self.store.hold_image(name)?;
                self.layers.keys = image.layers;
                self.init = self.init.or(image.init);
                self.kernel = image.kernel;
                self.layers.held = held;
                Ok(())
            }
            Base::Tar(path) => self.system(&Stack::of_tar(path)?, runner),
            Base::Directory(path) => self.system(&Stack::of_directory(path, self.store)?, runner),
            Base::Layout(path, pinned) => {
                let stack = Stack::of_layout(path, pinned.as_deref(), self.store)?;
                self.system(&stack, runner)
            }
            Base::Disk(path, format) => self.system(&Stack::of_disk(path, *format)?, runner),
            Base::Vagrant(path) => self.system(&Stack::of_box(path, self.store)?, runner),
            Base::Host(without) => self.foreign(&Stack::of_host(without, self.store), runner),
            Base::Debian(release) => {
                let packages = recipe.packages_with_loader();
                let step = format!(
                    "bootstrap Debian {release} with {} packages",
                    packages.len()
                );
                let list = packages.join(",");
                let parts: [&[u8]; 3] = [b"debian", release.as_bytes(), list.as_bytes()];
                bootstrap::check_tool(release)?;
                self.layers.progress.expect(1);
                self.layers.add(&step, &parts, |store, aside| {
                    let log = aside.join("bootstrap.log");
                    let task = Task::Bootstrap {
                        into: store.relative(&aside.join("files")),
                        log: store.relative(&log),
                        release: release.clone(),
                        packages: packages.clone(),
                    };
                    inside::perform(store.root(), task, None)?;
                    inside::perform(store.root(), Task::Remove(store.relative(&log)), None)
                        .map(drop)
                })
            }
        }
    }

    /// Layers that come from elsewhere, and a kernel with them if they have one.
    fn system(&mut self, stack: &Stack, runner: &mut dyn Runner) -> Result<(), Failure> {
        self.foreign(stack, runner)?;
        self.kernel_of_system();
        Ok(())
    }

    /// Layers that come from elsewhere. All that the store lacks are read and checked before the first is unpacked.
    fn foreign(&mut self, stack: &Stack, runner: &mut dyn Runner) -> Result<(), Failure> {
        let mut parent = self.layers.keys.last().cloned().unwrap_or_default();
        let mut sizes = Vec::new();
        self.layers.progress.expect(stack.layers.len());
        for layer in &stack.layers {
            parent = key_of(&parent, &layer.parts());
            sizes.push(match self.store.layer(&parent) {
                Some(_) => None,
                None => {
                    self.layers.progress.phase(&layer.step(), "check");
                    Some(layer.survey(self.store)?)
                }
            });
        }
        if !sizes.is_empty() && sizes.iter().all(|size| *size == Some(Some(0))) {
            return Err(Failure::new(
                "cannot import it: none of its layers holds anything".to_owned(),
            )
            .hint("is the image complete, with all the layers it is based on?"));
        }
        for (layer, size) in stack.layers.iter().zip(sizes) {
            let size = size.flatten();
            let step = layer.step();
            let below: Vec<_> = self
                .layers
                .keys
                .iter()
                .map(|key| self.store.files(key))
                .collect();
            self.layers.add(&step, &layer.parts(), |store, aside| {
                let before = space::free(store.root());
                let into = store.relative(&aside.join("files"));
                let below: Vec<_> = below.iter().map(|files| store.relative(files)).collect();
                layer
                    .unpack(store, &below, into, runner)
                    .map_err(
                        |failure| match space::is_full(&failure, store.root(), false) {
                            true => space::full(store.root(), &step, before, size),
                            false => failure,
                        },
                    )
            })?;
        }
        Ok(())
    }

    pub(super) fn place(&mut self, entry: &FileEntry) -> Result<(), Failure> {
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
        let keys = self.layers.keys.clone();
        self.layers.add(&step, &parts, |store, aside| {
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
                // The archive and what is in it.
                let needs = 2 * footprint::of_file(archive.len() as u64);
                match space::is_full(&failure, store.root(), false) {
                    true => space::full(store.root(), &step, before, Some(needs)),
                    false => failure,
                }
            })?;
            fs::remove_file(&file).map_err(cannot)
        })
    }

    fn run(&mut self, entry: &RunEntry, runner: &mut dyn Runner) -> Result<(), Failure> {
        let below = self.layers.keys.clone();
        let network = if entry.network { "network" } else { "" };
        let step = format!("run {}", entry.command);
        let parts: [&[u8]; 3] = [b"run", entry.command.as_bytes(), network.as_bytes()];
        self.layers.add(&step, &parts, |store, aside| {
            let task = Task::Make(vec![
                store.relative(&aside.join("files")),
                store.relative(&aside.join("work")),
            ]);
            inside::perform(store.root(), task, None)?;
            let layer = LayerBuild {
                below,
                aside: store.relative(aside).to_string_lossy().into_owned(),
                network: entry.network,
            };
            runner.run(&entry.command, layer)?;
            // The instance is given up, and may still be on its way out.
            lock::await_others(aside).map_err(|error| cannot_make(aside, &error))?;
            let work = store.relative(&aside.join("work"));
            inside::perform(store.root(), Task::Remove(work), None).map(drop)
        })
    }
}
