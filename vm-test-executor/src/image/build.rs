//! A recipe carried out: for each step the layer that the store has, or a new one. Says what it does as it does it.
//!
//! A layer's key is the hash of its parent's key and of all that goes into the step, so a changed step makes new layers
//! from itself on and leaves those before it alone.

use super::Store;
use crate::config::Init;
use super::import::Stack;
use super::inside::{self, Task};
use super::recipe::{Base, FileEntry, Recipe, RunEntry};
use super::record::{ImageRecord, LayerRecord};
use super::locks::{self, Held};
use super::{base, chain, collection, digest, space};
use std::fs::{self, File};
use std::path::Path;
use vm_test::protocol::daemon::LayerBuild;
use vm_test::protocol::failure::Failure;

/// Raised when the same recipe would give other layers.
const FORMAT: &[u8] = b"vm-test layer 1";

/// Told of each step as it begins and ends.
pub trait Progress {
    /// A step begins that has to be done.
    fn begin(&mut self, step: &str);
    /// A step is there already.
    fn cached(&mut self, step: &str);
    /// Another build makes the same just now, and this one waits for it.
    fn waiting(&mut self, step: &str);
    /// The step that began last is done.
    fn end(&mut self);
}

/// Runs a command in a container whose writes go to the layer that is being made.
pub trait Runner {
    /// Runs it.
    ///
    /// # Errors
    /// If it could not be run or did not succeed.
    fn run(&mut self, command: &str, layer: LayerBuild) -> Result<(), Failure>;
}

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
    collection::clear(store)?;
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
        layers: Vec::new(),
        init: recipe.init,
        held: Held::default(),
        progress,
    };
    build.base(recipe)?;
    for entry in &recipe.files {
        build.place(entry)?;
    }
    for entry in &recipe.run {
        build.run(entry, runner)?;
    }
    let mut record = store.compose(&recipe.name, build.layers);
    record.init = build.init;
    let unchanged = store
        .image(&recipe.name)
        .is_ok_and(|old| old.layers == record.layers && old.init == record.init);
    if !unchanged {
        store.publish_image(&record)?;
    }
    Ok(record)
}

/// Hashes an image's layers anew; the keys of those that are not what they were.
///
/// # Errors
/// If the image is not there or cannot be read.
pub fn verify(store: &Store, name: &str) -> Result<Vec<String>, Failure> {
    let mut changed = Vec::new();
    let (image, _held) = store.hold_image(name)?;
    for key in image.layers {
        let files = store.relative(&store.files(&key));
        let found = inside::perform(store.root(), Task::Digest(files), None)?;
        if store
            .layer(&key)
            .is_none_or(|layer| layer.digest != found.digest)
        {
            changed.push(key);
        }
    }
    Ok(changed)
}

struct Build<'a> {
    store: &'a Store,
    layers: Vec<String>,
    init: Option<Init>,
    /// Keeps the layers until the image names them.
    held: Held,
    progress: &'a mut dyn Progress,
}

impl Build<'_> {
    fn base(&mut self, recipe: &Recipe) -> Result<(), Failure> {
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
                self.layers = image.layers;
                self.init = self.init.or(image.init);
                self.held = held;
                Ok(())
            }
            Base::Tar(path) => self.foreign(&Stack::of_tar(path)?),
            Base::Directory(path) => self.foreign(&Stack::of_directory(path, self.store)?),
            Base::Layout(path, pinned) => {
                self.foreign(&Stack::of_layout(path, pinned.as_deref(), self.store)?)
            }
            Base::Debian(release) => {
                let packages = recipe.packages.join(",");
                let step = format!(
                    "bootstrap Debian {release} with {} packages",
                    recipe.packages.len()
                );
                let parts: [&[u8]; 3] = [b"debian", release.as_bytes(), packages.as_bytes()];
                base::check_tool(release)?;
                self.layer(&step, &parts, |store, aside| {
                    let log = aside.join("bootstrap.log");
                    let task = Task::Bootstrap {
                        into: store.relative(&aside.join("files")),
                        log: store.relative(&log),
                        release: release.clone(),
                        packages: recipe.packages.clone(),
                    };
                    inside::perform(store.root(), task, None)?;
                    inside::perform(store.root(), Task::Remove(store.relative(&log)), None)
                        .map(drop)
                })
            }
        }
    }

    /// Layers that come from elsewhere. All that the store lacks are read and checked before the first is unpacked.
    fn foreign(&mut self, stack: &Stack) -> Result<(), Failure> {
        let mut parent = self.layers.last().cloned().unwrap_or_default();
        let mut sizes = Vec::new();
        for layer in &stack.layers {
            parent = key_of(&parent, &layer.parts());
            sizes.push(match self.store.layer(&parent) {
                Some(_) => None,
                None => Some(layer.survey(self.store)?),
            });
        }
        for (layer, size) in stack.layers.iter().zip(sizes) {
            let step = layer.step();
            self.layer(&step, &layer.parts(), |store, aside| {
                let before = space::free(store.root());
                let into = store.relative(&aside.join("files"));
                layer.unpack(store, into).map_err(|failure| {
                    match space::is_full(&failure, store.root(), false) {
                        true => space::full(store.root(), &step, before, size),
                        false => failure,
                    }
                })
            })?;
        }
        Ok(())
    }

    fn place(&mut self, entry: &FileEntry) -> Result<(), Failure> {
        let archive = base::of_entry(&entry.from)?;
        let mode = entry
            .mode
            .as_deref()
            .map(|text| u32::from_str_radix(text, 8));
        let mode = mode.transpose().map_err(|_| {
            Failure::new(format!(
                "cannot copy to {}: {:?} are no permission bits",
                entry.to.display(),
                entry.mode
            ))
            .hint("write them in octal, as in mode = \"0755\"")
        })?;
        let to = entry.to.to_string_lossy().into_owned();
        let bits = entry.mode.clone().unwrap_or_default();
        let step = format!("copy {} to {to}", entry.from.display());
        let parts: [&[u8]; 4] = [b"file", to.as_bytes(), bits.as_bytes(), &archive];
        self.layer(&step, &parts, |store, aside| {
            let file = aside.join("entry.tar");
            let cannot = |error: std::io::Error| {
                Failure::new(format!("cannot write {}: {error}", file.display()))
            };
            fs::write(&file, &archive).map_err(cannot)?;
            let task = Task::Place {
                into: store.relative(&aside.join("files")),
                to: entry.to.clone(),
                mode,
            };
            inside::perform(store.root(), task, Some(File::open(&file).map_err(cannot)?))?;
            fs::remove_file(&file).map_err(cannot)
        })
    }

    fn run(&mut self, entry: &RunEntry, runner: &mut dyn Runner) -> Result<(), Failure> {
        let below = self.layers.clone();
        let network = if entry.network { "network" } else { "" };
        let step = format!("run {}", entry.command);
        let parts: [&[u8]; 3] = [b"run", entry.command.as_bytes(), network.as_bytes()];
        self.layer(&step, &parts, |store, aside| {
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
            locks::await_others(aside).map_err(|error| cannot_make(aside, &error))?;
            let work = store.relative(&aside.join("work"));
            inside::perform(store.root(), Task::Remove(work), None).map(drop)
        })
    }

    /// Makes sure of one layer; `make` fills `files` in the directory it is given.
    fn layer(
        &mut self,
        step: &str,
        parts: &[&[u8]],
        make: impl FnOnce(&Store, &Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let parent = self.layers.last().cloned().unwrap_or_default();
        let key = key_of(&parent, parts);
        if self.keep(&key)? {
            self.progress.cached(step);
            return Ok(());
        }
        let progress = &mut self.progress;
        let _reservation = self.store.reserve(&key, || progress.waiting(step))?;
        if self.keep(&key)? {
            // Another build made it while this one waited.
            self.progress.cached(step);
            return Ok(());
        }
        self.progress.begin(step);
        let aside = self.store.aside().join(&key);
        self.remove(&aside)?;
        let before = space::free(self.store.root());
        let made = self.make_aside(&aside, &key, step, make);
        let made = made.map_err(|failure| explain(self.store, step, before, failure));
        if made.is_err() {
            // What is left of it is rubbish, which the next build of it or `gc` removes if this cannot.
            let _ = self.remove(&aside);
        }
        made?;
        self.progress.end();
        match self.keep(&key)? {
            true => Ok(()),
            false => Err(Failure::new(format!(
                "cannot {step}: somebody removed the layer {key} from the store"
            ))),
        }
    }

    /// Takes a layer that the store has; false if it does not.
    fn keep(&mut self, key: &str) -> Result<bool, Failure> {
        let has = self.store.hold(key, &mut self.held)?;
        if has {
            self.layers.push(key.to_owned());
        }
        Ok(has)
    }

    fn make_aside(
        &self,
        aside: &Path,
        key: &str,
        step: &str,
        make: impl FnOnce(&Store, &Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        make_empty(aside)?;
        make(self.store, aside)?;
        let files = self.store.relative(&aside.join("files"));
        let found = inside::perform(self.store.root(), Task::Digest(files), None)?;
        let record = LayerRecord {
            key: key.to_owned(),
            digest: found.digest,
            step: step.to_owned(),
            bytes: found.bytes,
        };
        self.store.publish_layer(aside, &record)
    }

    fn remove(&self, aside: &Path) -> Result<(), Failure> {
        if aside.exists() {
            // Those that a killed builder started may outlive it by a moment.
            locks::await_others(aside).map_err(|error| cannot_make(aside, &error))?;
            let task = Task::Remove(self.store.relative(aside));
            inside::perform(self.store.root(), task, None)?;
        }
        Ok(())
    }
}

/// Makes the directory in which something is made.
pub(super) fn make_empty(aside: &Path) -> Result<(), Failure> {
    fs::create_dir(aside).map_err(|error| cannot_make(aside, &error))?;
    // Root of a guest works in here, too, and as root of the host that is another user.
    let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    fs::set_permissions(aside, open).map_err(|error| cannot_make(aside, &error))
}

fn cannot_make(aside: &Path, error: &std::io::Error) -> Failure {
    Failure::new(format!("cannot make {}: {error}", aside.display()))
}

/// Says so if it was for want of room that a step failed.
fn explain(store: &Store, step: &str, before: u64, failure: Failure) -> Failure {
    let root = store.root();
    let bootstraps = step.starts_with("bootstrap ");
    let full = space::is_full(&failure, root, bootstraps || step.starts_with("run "));
    if !full || failure.message.contains("store full") {
        return failure;
    }
    space::full(root, step, before, bootstraps.then_some(space::BOOTSTRAP))
}

/// The key of the layer that a step makes on another.
fn key_of(parent: &str, parts: &[&[u8]]) -> String {
    let whole = [FORMAT, parent.as_bytes()]
        .into_iter()
        .chain(parts.iter().copied());
    digest::of_parts(whole)[..32].to_owned()
}
