//! The store that a guest's image is in: opened when it is first needed, and once for each lease.

use crate::image::{Store, absent, images};
use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// The name of an image, and the directory of its store.
#[derive(Debug)]
pub(super) struct Source {
    image: String,
    root: PathBuf,
    opened: OnceCell<Store>,
}

impl Source {
    /// Returns this image in the store in this directory.
    pub(super) fn of(image: &str, root: &str) -> Self {
        Self {
            image: image.to_owned(),
            root: root.into(),
            opened: OnceCell::new(),
        }
    }

    /// Returns the store.
    ///
    /// The daemon does not create it: if the store's file system is not mounted, it would be
    /// created below the mount point.
    ///
    /// # Errors
    /// If it does not exist, or the name is not an image's.
    pub(super) fn store(&self) -> Result<&Store, Failure> {
        if let Some(store) = self.opened.get() {
            return Ok(store);
        }
        let store = find(&self.image, &self.root)?;
        Ok(self.opened.get_or_init(|| store))
    }
}

fn find(image: &str, root: &Path) -> Result<Store, Failure> {
    images::check_name(image)?;
    Store::find(root)?.ok_or_else(|| absent(root, image, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_opened_once_and_no_other_one_is_found_at_its_place_later() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("store");
        let source = Source::of("a", root.to_str().unwrap());
        // It may be made by a client while a lease waits.
        assert!(source.store().is_err());
        Store::open(&root).unwrap();
        let first = source.store().unwrap();
        std::fs::rename(&root, dir.path().join("elsewhere")).unwrap();
        assert!(std::ptr::eq(first, source.store().unwrap()));
        assert!(Source::of("a", root.to_str().unwrap()).store().is_err());
    }

    #[test]
    fn a_name_that_is_no_images_finds_no_store() {
        let dir = tempfile::tempdir().unwrap();
        Store::open(dir.path()).unwrap();
        let root = dir.path().to_str().unwrap();
        assert!(Source::of("../a", root).store().is_err());
        assert!(Source::of("a", root).store().is_ok());
    }
}
