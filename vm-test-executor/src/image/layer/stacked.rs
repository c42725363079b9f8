//! Resolves a path in a stack of layers as a guest would see it.
//!
//! Only reads, except that it creates directories of a new layer with the attributes of those they
//! are merged with.

use rustix::fs::{Gid, Uid};
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use vm_test_sys::links::follow;

/// Layers, base first.
#[derive(Debug)]
pub(in crate::image) struct Stack<'a> {
    layers: &'a [PathBuf],
}

impl<'a> Stack<'a> {
    pub(in crate::image) fn new(layers: &'a [PathBuf]) -> Self {
        Self { layers }
    }

    /// Returns the file of the uppermost layer that has this path, which must not contain links.
    pub(in crate::image) fn find(&self, path: &Path) -> Option<PathBuf> {
        let places = self.layers.iter().rev().map(|layer| layer.join(path));
        places
            .into_iter()
            .find(|place| fs::symlink_metadata(place).is_ok())
    }

    /// Resolves a directory of the guest, following all links within the stack.
    ///
    /// The result is relative to the root.
    pub(in crate::image) fn resolve(&self, path: &Path) -> PathBuf {
        follow(path, |path| fs::read_link(self.find(path)?).ok())
    }

    /// Creates a directory in a new layer above.
    ///
    /// Each component gets the owner and permissions of the directory it is merged with.
    pub(in crate::image) fn make_above(&self, layer: &Path, directory: &Path) -> io::Result<()> {
        let mut path = PathBuf::new();
        for part in directory.components() {
            path.push(part);
            let place = layer.join(&path);
            if place.is_dir() {
                continue;
            }
            fs::create_dir(&place)?;
            if let Some(meta) = self
                .find(&path)
                .and_then(|file| fs::symlink_metadata(file).ok())
            {
                let (user, group) = (Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid()));
                rustix::fs::chown(&place, Some(user), Some(group))?;
                fs::set_permissions(&place, fs::Permissions::from_mode(meta.mode() & 0o7777))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_of_every_layer_lead_through_the_whole_stack() {
        let dir = tempfile::tempdir().unwrap();
        let layers = [dir.path().join("0"), dir.path().join("1")];
        fs::create_dir_all(layers[0].join("usr/lib")).unwrap();
        symlink("usr/lib", layers[0].join("lib")).unwrap();
        fs::create_dir_all(&layers[1]).unwrap();
        symlink("/lib", layers[1].join("out")).unwrap();
        let stack = Stack::new(&layers);
        assert_eq!(stack.resolve(Path::new("/lib/x")), Path::new("usr/lib/x"));
        assert_eq!(stack.resolve(Path::new("/out/x")), Path::new("usr/lib/x"));
        assert_eq!(stack.resolve(Path::new("/new/x")), Path::new("new/x"));
    }

    #[test]
    fn a_directory_above_is_like_the_one_below() {
        let dir = tempfile::tempdir().unwrap();
        let layers = [dir.path().join("0")];
        fs::create_dir_all(layers[0].join("root/a")).unwrap();
        fs::set_permissions(layers[0].join("root"), fs::Permissions::from_mode(0o700)).unwrap();
        let above = dir.path().join("1");
        fs::create_dir(&above).unwrap();
        Stack::new(&layers)
            .make_above(&above, Path::new("root/b"))
            .unwrap();
        let mode = |path: &str| fs::metadata(above.join(path)).unwrap().mode() & 0o777;
        assert_eq!(mode("root"), 0o700);
        assert!(above.join("root/b").is_dir());
    }
}
