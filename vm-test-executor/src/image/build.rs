//! A recipe carried out: for each step the layer that the store has, or a new one. Says what it does as it does it.
//!
//! A layer's key is the hash of its parent's key and of all that goes into the step, so a changed step makes new layers
//! from itself on and leaves those before it alone.

use super::Store;
use super::inside::{self, Task};
use super::recipe::{Base, FileEntry, Recipe, RunEntry};
use super::record::{ImageRecord, LayerRecord};
use super::{base, digest};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
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

/// Builds a recipe's image.
///
/// # Errors
/// If a step fails; the image that was there before is there still.
pub fn build(
    store: &Store,
    recipe: &Recipe,
    progress: &mut dyn Progress,
    runner: &mut dyn Runner,
) -> Result<ImageRecord, Failure> {
    let mut build = Build {
        store,
        layers: Vec::new(),
        progress,
    };
    build.base(recipe)?;
    for entry in &recipe.files {
        build.place(entry)?;
    }
    for entry in &recipe.run {
        build.run(entry, runner)?;
    }
    let mut digests = Vec::new();
    for key in &build.layers {
        digests.push(
            store
                .layer(key)
                .map(|layer| layer.digest)
                .unwrap_or_default(),
        );
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let record = ImageRecord {
        name: recipe.name.clone(),
        digest: digest::of_parts(digests.iter().map(String::as_bytes)),
        layers: build.layers,
        created: now.map_or(0, |now| now.as_secs()),
    };
    let unchanged = store
        .image(&recipe.name)
        .is_ok_and(|old| old.layers == record.layers);
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
    for key in store.image(name)?.layers {
        let files = relative(store, &store.files(&key));
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
                self.layers = self.store.image(name)?.layers;
                Ok(())
            }
            Base::Tar(path) => {
                let hash = hash_of(path)?;
                let step = format!("unpack {}", path.display());
                self.layer(&step, &[b"tar", hash.as_bytes()], |store, aside| {
                    let into = relative(store, &aside.join("files"));
                    inside::perform(
                        store.root(),
                        Task::Unpack { into },
                        Some(base::archive(path)?),
                    )
                    .map(drop)
                })
            }
            Base::Debian(release) => {
                let packages = recipe.packages.join(",");
                let step = format!(
                    "bootstrap Debian {release} with {} packages",
                    recipe.packages.len()
                );
                let parts: [&[u8]; 3] = [b"debian", release.as_bytes(), packages.as_bytes()];
                self.layer(&step, &parts, |store, aside| {
                    let archive = aside.join("base.tar");
                    base::debian(release, &recipe.packages, &archive, &aside.join("base.log"))?;
                    let into = relative(store, &aside.join("files"));
                    let file = base::archive(&archive)?;
                    inside::perform(store.root(), Task::Unpack { into }, Some(file))?;
                    for rubbish in ["base.tar", "base.log"] {
                        let _ = fs::remove_file(aside.join(rubbish));
                    }
                    Ok(())
                })
            }
        }
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
                into: relative(store, &aside.join("files")),
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
                relative(store, &aside.join("files")),
                relative(store, &aside.join("work")),
            ]);
            inside::perform(store.root(), task, None)?;
            let layer = LayerBuild {
                below,
                aside: relative(store, aside).to_string_lossy().into_owned(),
                network: entry.network,
            };
            runner.run(&entry.command, layer)?;
            let work = relative(store, &aside.join("work"));
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
        let whole = [FORMAT, parent.as_bytes()]
            .into_iter()
            .chain(parts.iter().copied());
        let key = digest::of_parts(whole)[..32].to_owned();
        if self.store.layer(&key).is_some() {
            self.progress.cached(step);
            self.layers.push(key);
            return Ok(());
        }
        let _lock = self.store.lock(&key)?;
        if self.store.layer(&key).is_some() {
            // Another build made it while this one waited.
            self.progress.cached(step);
            self.layers.push(key);
            return Ok(());
        }
        self.progress.begin(step);
        let aside = self.store.aside().join(&key);
        self.remove(&aside)?;
        let made = self.make_aside(&aside, &key, step, make);
        if made.is_err() {
            // What is left of it is rubbish, which the next build of it or `gc` removes if this cannot.
            let _ = self.remove(&aside);
        }
        made?;
        self.progress.end();
        self.layers.push(key);
        Ok(())
    }

    fn make_aside(
        &self,
        aside: &Path,
        key: &str,
        step: &str,
        make: impl FnOnce(&Store, &Path) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let cannot = |error: std::io::Error| {
            Failure::new(format!("cannot make {}: {error}", aside.display()))
        };
        fs::create_dir(aside).map_err(cannot)?;
        // Root of a guest works in here, too, and as root of the host that is another user.
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(aside, open).map_err(cannot)?;
        make(self.store, aside)?;
        let files = relative(self.store, &aside.join("files"));
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
            inside::perform(
                self.store.root(),
                Task::Remove(relative(self.store, aside)),
                None,
            )?;
        }
        Ok(())
    }
}

fn relative(store: &Store, path: &Path) -> PathBuf {
    path.strip_prefix(store.root())
        .unwrap_or(path)
        .to_path_buf()
}

fn hash_of(path: &Path) -> Result<String, Failure> {
    digest::of_file(path)
        .map_err(|error| Failure::new(format!("cannot read {}: {error}", path.display())))
}
