//! A tar archive in a file of the host.
//!
//! Opens and hashes it; it is read only in the user's namespaces.

use crate::image::archive::limits::Limits;
use crate::image::archive::order::{Feed, Kind, Order};
use crate::image::archive::refusal::cannot;
use crate::image::inside::{self, Done, Task};
use crate::image::layer::digest::Digest;
use crate::image::store::Store;
use std::fs::File;
use std::io::Seek;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// An open archive.
#[derive(Debug)]
pub(in crate::image) struct Archive {
    file: File,
    kind: Kind,
    /// The name used in messages.
    pub(super) name: String,
    /// The hash of the file.
    pub(super) hash: Digest,
}

/// Opens a regular file for reading; anything else could block the reader forever.
pub(super) fn open(path: &Path, name: &str) -> Result<File, Failure> {
    let meta = std::fs::metadata(path).map_err(|error| {
        let failure = cannot(name, &error);
        match error.kind() {
            std::io::ErrorKind::NotFound => {
                failure.hint("is the path right? A relative one starts here, or at the recipe")
            }
            _ => failure,
        }
    })?;
    if !meta.is_file() {
        return Err(cannot(name, "it is not a regular file")
            .hint("a directory is dir:PATH, an OCI layout oci:PATH"));
    }
    File::open(path).map_err(|error| cannot(name, error))
}

impl Archive {
    /// Opens the archive at this path.
    pub(super) fn open(path: &Path, kind: Kind) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let file = open(path, &name)?;
        let hash = Digest::of_reader(&file).map_err(|error| cannot(&name, error))?;
        Ok(Self {
            file,
            kind,
            name,
            hash,
        })
    }

    /// Returns the archive in an open file with a known hash.
    pub(super) fn of_file(file: File, kind: Kind, name: String, hash: Digest) -> Self {
        Self {
            file,
            kind,
            name,
            hash,
        }
    }

    /// Reads it, and unpacks it over the layers below if they are given.
    ///
    /// All paths are relative to the store.
    pub(super) fn read(
        &self,
        store: &Store,
        onto: Option<(&[PathBuf], PathBuf)>,
    ) -> Result<Done, Failure> {
        let (below, into) = match onto {
            Some((below, into)) => (Some(below.to_vec()), Some(into)),
            // Without `onto`, only an archive that is not a layer is known to have no layers below.
            None if self.kind != Kind::Layer => (Some(Vec::new()), None),
            None => (None, None),
        };
        let order = Order {
            name: self.name.clone(),
            kind: self.kind,
            feed: Feed::File,
            limits: Limits::of_environment()?,
            below,
            into,
        };
        let again = || -> std::io::Result<File> {
            let mut file = self.file.try_clone()?;
            file.rewind()?;
            Ok(file)
        };
        let file = again().map_err(|error| cannot(&self.name, error))?;
        inside::perform(store.root(), Task::Foreign(order), Some(file))
    }
}
