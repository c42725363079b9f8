//! The store: where layers and images are on disk, how they are locked, how a new one is published.
//!
//! Builds nothing. A layer is made in a staging directory, synced, and renamed to its final path;
//! an image's record likewise. So everything at a final path is complete, and anything in staging
//! without a lock can be removed.

use super::place::{self, Identity};
use crate::image::layer::key::LayerKey;
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_runtime::variables::STORE as ENV_STORE;
use vm_test_sys::btrfs;

/// An open store.
#[derive(Clone, Debug)]
pub struct Store {
    root: PathBuf,
    identity: Identity,
}

pub(super) fn cannot(what: &str, path: &Path, error: &dyn std::fmt::Display) -> Failure {
    Failure::new(format!("cannot {what} {}: {error}", path.display()))
}

impl Store {
    /// Opens the store in this directory, which is created if it does not exist.
    ///
    /// # Errors
    /// If it cannot be created.
    pub fn open(root: &Path) -> Result<Self, Failure> {
        place::check_mounted(root)?;
        let mut store = Self {
            root: root.to_path_buf(),
            identity: Identity::default(),
        };
        // Closed to others: layers contain set-id programs, exactly as foreign images made them.
        for (dir, mode) in [
            (store.root.clone(), 0o700),
            (store.layers(), 0o755),
            (store.images(), 0o755),
            (store.staging(), 0o755),
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
            store.staging(),
            store.artifacts(),
        ] {
            place::check_owner(root, &dir)?;
        }
        store.identity = place::identity(root).unwrap_or_default();
        Ok(store)
    }

    /// Opens the store in this directory, if there is one; creates nothing.
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

    /// Checks that the directory is still the store that was opened.
    ///
    /// # Errors
    /// If something was mounted over it or unmounted since.
    pub fn check(&self) -> Result<(), Failure> {
        place::check_same(&self.root, self.identity)
    }

    /// Returns whether it can have subvolumes.
    #[must_use]
    pub fn is_on_btrfs(&self) -> bool {
        btrfs::is_below(&self.root)
    }

    /// Returns its directory.
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

    /// Returns the staging directory.
    #[must_use]
    pub fn staging(&self) -> PathBuf {
        self.root.join("building")
    }

    /// Returns the directory of artifacts.
    pub(in crate::image) fn artifacts(&self) -> PathBuf {
        self.root.join("machines")
    }

    /// Returns the directory of the records of images that came from registries.
    pub(super) fn pulled(&self) -> PathBuf {
        self.root.join("pulled")
    }

    /// Returns the directory of images' subvolumes.
    pub(in crate::image) fn subvolumes(&self) -> PathBuf {
        self.root.join("subvolumes")
    }

    /// Returns the directory of instances' snapshots.
    pub(super) fn instances(&self) -> PathBuf {
        self.root.join("instances")
    }

    /// Returns the directory with a layer's files.
    #[must_use]
    pub fn files(&self, key: &LayerKey) -> PathBuf {
        self.layers().join(key).join("files")
    }

    /// Returns the layer's own directory, which carries its locks.
    pub(in crate::image) fn layer_dir(&self, key: &LayerKey) -> PathBuf {
        self.layers().join(key)
    }

    /// Returns a path in the store relative to it, as the process in the user's namespaces expects.
    pub(in crate::image) fn relative(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).unwrap_or(path).to_path_buf()
    }
}
