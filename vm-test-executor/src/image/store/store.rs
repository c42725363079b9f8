//! The store: where layers and images are on disk, how they are locked, how a new one is published. Builds nothing.
//!
//! A layer is made in a staging directory, synced, and renamed to its final path; an image's record likewise. So everything
//! at a final path is complete, and anything in staging without a lock can be removed.

use super::place::{self, Identity};
use super::record::{ImageRecord, LayerRecord};
use crate::image::layer::digest;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::STORE as ENV_STORE;
use vm_test_sys::btrfs;

/// A longer name would not be one of a file any more, with all that is added to it.
const LONGEST_NAME: usize = 128;

/// A store.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    identity: Identity,
}

fn cannot(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot {what} {}: {error}", path.display()))
}

impl Store {
    /// The store in this directory, which is made if it is not there.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        place::check_mounted(root)?;
        let mut store = Self {
            root: root.to_path_buf(),
            identity: Identity::default(),
        };
        // Closed to others: layers hold programs that run with their owner's rights, as foreign images made them.
        for (dir, mode) in [
            (store.root.clone(), 0o700),
            (store.layers(), 0o755),
            (store.images(), 0o755),
            (store.aside(), 0o755),
            (store.artifacts(), 0o755),
        ] {
            DirBuilder::new()
                .recursive(true)
                .mode(mode)
                .create(&dir)
                .map_err(|error| {
                    cannot("make the store's directory", &dir, &error)
                        .hint(format!("set {ENV_STORE} to a directory you may write to"))
                })?;
        }
        for dir in [
            root.to_path_buf(),
            store.layers(),
            store.images(),
            store.aside(),
            store.artifacts(),
        ] {
            place::check_owner(root, &dir)?;
        }
        store.identity = place::identity(root).unwrap_or_default();
        Ok(store)
    }

    /// The store in this directory, if there is one; makes nothing.
    ///
    /// # Errors
    /// If it is not this user's, or not mounted.
    pub fn find(root: &Path) -> Result<Option<Self>, Failure> {
        place::check_mounted(root)?;
        let (Some(identity), true) = (place::identity(root), root.join("images").is_dir()) else {
            return Ok(None);
        };
        place::check_owner(root, root)?;
        Ok(Some(Self {
            root: root.to_path_buf(),
            identity,
        }))
    }

    /// Asserts that the directory is still the store that was opened.
    ///
    /// # Errors
    /// If something was mounted over it or unmounted since.
    pub fn check(&self) -> Result<(), Failure> {
        place::check_same(&self.root, self.identity)
    }

    /// Whether it can have subvolumes.
    #[must_use]
    pub fn is_on_btrfs(&self) -> bool {
        btrfs::is_below(&self.root)
    }

    /// Its directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(in crate::image) fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }

    pub(in crate::image) fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// Where layers are made.
    #[must_use]
    pub fn aside(&self) -> PathBuf {
        self.root.join("building")
    }

    /// The directory with a layer's files.
    #[must_use]
    pub fn files(&self, key: &str) -> PathBuf {
        self.layers().join(key).join("files")
    }

    /// The record of a layer, if it is there.
    #[must_use]
    pub fn layer(&self, key: &str) -> Option<LayerRecord> {
        let text = fs::read(self.layers().join(key).join("layer.json")).ok()?;
        serde_json::from_slice(&text).ok()
    }

    /// How much a step took up when it was done before: nobody else knows what a command is going to write.
    pub(in crate::image) fn size_of_step(&self, step: &str) -> Option<u64> {
        let entries = fs::read_dir(self.layers()).ok()?.flatten();
        let layers = entries.filter_map(|entry| self.layer(entry.file_name().to_str()?));
        let sizes = layers.filter(|layer| layer.step == step);
        sizes.map(|layer| layer.bytes).max()
    }

    /// The layer's own directory, which carries its locks.
    pub(in crate::image) fn layer_dir(&self, key: &str) -> PathBuf {
        self.layers().join(key)
    }

    /// A path in the store as the process that works in the user's namespaces is told it.
    pub(in crate::image) fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_path_buf()
    }

    /// Publishes a layer that was made in `aside`.
    ///
    /// # Errors
    /// If it cannot be written; then it is not there.
    pub fn publish_layer(&self, aside: &Path, record: &LayerRecord) -> Result<(), Failure> {
        self.check()?;
        let write = || -> io::Result<()> {
            write_durably(
                &aside.join("layer.json"),
                &serde_json::to_vec_pretty(record)?,
            )?;
            // Whatever the layer holds must be on disk before its name is.
            rustix::fs::syncfs(File::open(aside)?)?;
            fs::rename(aside, self.layers().join(&record.key))?;
            File::open(self.layers())?.sync_all()
        };
        write().map_err(|error| cannot("publish the layer", aside, &error))
    }

    /// The image of this name made of these layers, as of now.
    pub(in crate::image) fn compose(&self, name: &str, layers: Vec<String>) -> ImageRecord {
        let digests: Vec<_> = layers
            .iter()
            .map(|key| {
                self.layer(key)
                    .map(|layer| layer.digest)
                    .unwrap_or_default()
            })
            .collect();
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        ImageRecord {
            name: name.to_owned(),
            digest: digest::of_parts(digests.iter().map(String::as_bytes)),
            layers,
            init: None,
            kernel: None,
            created: now.map_or(0, |now| now.as_secs()),
        }
    }

    /// Publishes an image, in place of one of the same name.
    ///
    /// # Errors
    /// If it cannot be written; then the old one is still there.
    pub fn publish_image(&self, record: &ImageRecord) -> Result<(), Failure> {
        self.check()?;
        let path = self.record_of(&record.name)?;
        let key = format!("image-{}", record.name);
        let _reservation = self.reserve(&key, || ())?;
        let aside = self.aside().join(format!("{key}.json"));
        let write = || -> io::Result<()> {
            write_durably(&aside, &serde_json::to_vec_pretty(record)?)?;
            fs::rename(&aside, &path)?;
            File::open(self.images())?.sync_all()
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&aside);
            cannot("publish the image", &path, &error)
        })
    }

    /// Whether an image can have this name. Names come from people and from other people's files, and must stay in the store.
    ///
    /// # Errors
    /// If it cannot.
    pub fn check_name(name: &str) -> Result<(), Failure> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-+".contains(c);
        if name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(plain)
            && name.len() <= LONGEST_NAME
        {
            return Ok(());
        }
        Err(
            Failure::new(format!("cannot use {name:?} as the name of an image")).hint(format!(
                "a name has at most {LONGEST_NAME} letters, digits and any of `._-+`, and begins with a letter or a digit"
            )),
        )
    }

    /// The file with an image's record.
    fn record_of(&self, name: &str) -> Result<PathBuf, Failure> {
        Self::check_name(name)?;
        Ok(self.images().join(format!("{name}.json")))
    }

    /// The image of this name, with all its layers there.
    ///
    /// # Errors
    /// If there is none, or it is not whole.
    pub fn image(&self, name: &str) -> Result<ImageRecord, Failure> {
        let path = self.record_of(name)?;
        let bytes = fs::read(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Self::lacks(&self.root, name),
            _ => cannot("read", &path, &error),
        })?;
        let record: ImageRecord =
            serde_json::from_slice(&bytes).map_err(|error| cannot("understand", &path, &error))?;
        for key in &record.layers {
            if self.layer(key).is_none() {
                return Err(Failure::new(format!(
                    "cannot use image `{name}`: its layer {key} is not in the store"
                ))
                .hint(format!("build it again: vm-test image build {name}")));
            }
        }
        Ok(record)
    }

    /// All images, by name.
    #[must_use]
    pub fn list(&self) -> Vec<ImageRecord> {
        let entries = fs::read_dir(self.images()).into_iter().flatten().flatten();
        let mut images: Vec<ImageRecord> = entries
            .filter_map(|entry| serde_json::from_slice(&fs::read(entry.path()).ok()?).ok())
            .collect();
        images.sort_by(|one, other| one.name.cmp(&other.name));
        images
    }

    /// Forgets an image; its layers stay until nothing uses them and they are collected.
    ///
    /// # Errors
    /// If there is none of this name.
    pub fn forget(&self, name: &str) -> Result<(), Failure> {
        let path = self.record_of(name)?;
        if !path.exists() {
            self.image(name)?;
        }
        fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
