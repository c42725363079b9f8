//! The store: where layers and images are on disk, who may touch them when, how a new one appears. Builds nothing.
//!
//! A layer is made aside, made durable, and renamed into its place; an image's record likewise. So whatever is found at
//! a final place is whole, and what is found aside without a lock on it is rubbish.

use super::record::{ImageRecord, LayerRecord};
use rustix::fs::FlockOperation;
use std::fs::{self, DirBuilder, File};
use std::io::{self, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use vm_test::client::ENV_STORE;
use vm_test::protocol::failure::Failure;

/// A store.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
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
        let store = Self {
            root: root.to_path_buf(),
        };
        for dir in [store.layers(), store.images(), store.aside()] {
            DirBuilder::new()
                .recursive(true)
                .mode(0o755)
                .create(&dir)
                .map_err(|error| {
                    cannot("make the store's directory", &dir, &error)
                        .hint(format!("set {ENV_STORE} to a directory you may write to"))
                })?;
        }
        Ok(store)
    }

    /// Its directory.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn layers(&self) -> PathBuf {
        self.root.join("layers")
    }

    fn images(&self) -> PathBuf {
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

    /// Keeps others from making the same layer meanwhile; waits until it can.
    ///
    /// # Errors
    /// If the lock cannot be made.
    pub fn lock(&self, key: &str) -> Result<File, Failure> {
        let path = self.aside().join(format!("{key}.lock"));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| cannot("lock", &path, &error))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive)
            .map_err(|error| cannot("lock", &path, &error))?;
        Ok(file)
    }

    /// Publishes a layer that was made in `aside`.
    ///
    /// # Errors
    /// If it cannot be written; then it is not there.
    pub fn publish_layer(&self, aside: &Path, record: &LayerRecord) -> Result<(), Failure> {
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

    /// Publishes an image, in place of one of the same name.
    ///
    /// # Errors
    /// If it cannot be written; then the old one is still there.
    pub fn publish_image(&self, record: &ImageRecord) -> Result<(), Failure> {
        let path = self.images().join(format!("{}.json", record.name));
        let aside = self
            .aside()
            .join(format!("{}.{}.json", record.name, std::process::id()));
        let write = || -> io::Result<()> {
            write_durably(&aside, &serde_json::to_vec_pretty(record)?)?;
            fs::rename(&aside, &path)?;
            File::open(self.images())?.sync_all()
        };
        write().map_err(|error| cannot("publish the image", &path, &error))
    }

    /// The image of this name, with all its layers there.
    ///
    /// # Errors
    /// If there is none, or it is not whole.
    pub fn image(&self, name: &str) -> Result<ImageRecord, Failure> {
        let path = self.images().join(format!("{name}.json"));
        let bytes = fs::read(&path).map_err(|error| {
            let cause = match error.kind() {
                io::ErrorKind::NotFound => {
                    format!("it is not in the store {}", self.root.display())
                }
                _ => error.to_string(),
            };
            Failure::new(format!("cannot use image `{name}`: {cause}"))
                .hint(format!("build it: vm-test image build {name}"))
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
        self.image(name)?;
        let path = self.images().join(format!("{name}.json"));
        fs::remove_file(&path).map_err(|error| cannot("remove", &path, &error))
    }
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
