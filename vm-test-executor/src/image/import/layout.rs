//! An OCI image layout on disk, or the older format of `docker save`.
//!
//! It consists of index, manifest, configuration and layers. Each file is verified by its digest
//! before it is used. Unpacks no layer.

use super::document::{content, open_below, parse};
use super::layer_count::check_count;
use super::manifest::{Config, Descriptor, Index, Manifest, Marker, is_index, is_layer};
use super::saved;
use super::tarball::Archive;
use crate::image::archive::architecture::HERE_IN_OCI;
use crate::image::archive::order::Kind;
use crate::image::archive::refusal::{MOST_SHOWN, cannot, shown};
use crate::image::inside::{self, Task};
use crate::image::layer::digest::Digest;
use crate::image::store::staging::make_empty;
use crate::image::store::{Reservation, Store};
use std::fs::File;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;

/// The supported version of layouts.
const VERSION: &str = "1.0.0";

/// Limits for nested lists: their depth, and their total number.
const DEEPEST: usize = 4;
const MOST_LISTS: usize = 64;

/// The directory of the files in a scratch directory.
const FILES: &str = "files";

/// An open layout.
#[derive(Debug)]
pub(super) struct Layout {
    directory: PathBuf,
    name: String,
    _room: Option<Room>,
}

/// A scratch directory with an unpacked archive, which is removed on drop.
#[derive(Debug)]
pub(super) struct Room {
    store: Store,
    relative: PathBuf,
    _reservation: Reservation,
}

impl Room {
    /// Unpacks an archive of plain files.
    pub(super) fn of(archive: &Archive, store: &Store) -> Result<Self, Failure> {
        let key = format!("import-{}", archive.hash.key());
        let reservation = store.reserve(&key, || ())?;
        let path = store.staging().join(key);
        let room = Self {
            relative: path.strip_prefix(store.root()).unwrap_or(&path).into(),
            store: store.clone(),
            _reservation: reservation,
        };
        room.clear()?;
        make_empty(&store.root().join(&room.relative))?;
        archive.read(store, Some((&[], room.relative.join(FILES))))?;
        Ok(room)
    }

    /// Returns the directory with the files.
    pub(super) fn directory(&self) -> PathBuf {
        self.store.root().join(&self.relative).join(FILES)
    }

    fn clear(&self) -> Result<(), Failure> {
        let task = Task::Remove(self.relative.clone());
        inside::perform(self.store.root(), task, None).map(drop)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // Without the lock, whatever is left is recognised as garbage and removed later.
        let _ = self.clear();
    }
}

impl Layout {
    /// Opens the layout in a directory, or in an archive of one.
    pub(super) fn open(path: &Path, store: &Store) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let room = if path.is_dir() {
            None
        } else {
            Some(Room::of(&Archive::open(path, Kind::Plain)?, store)?)
        };
        let layout = Self {
            directory: room
                .as_ref()
                .map_or_else(|| path.to_path_buf(), Room::directory),
            name,
            _room: room,
        };
        let has = |file: &str| layout.directory.join(file).symlink_metadata().is_ok();
        if layout.is_saved() {
            return Ok(layout);
        }
        let marker: Marker = layout.document("oci-layout").map_err(|failure| if has("oci-layout") {
failure
} else {
failure.hint("an OCI layout has the files oci-layout and index.json, and what docker save writes has manifest.json; skopeo copy … oci:DIR writes one")
})?;
        if marker.version != VERSION {
            let version = shown(marker.version.as_bytes());
            let cause =
                format!("it is a layout of version {version}, and only {VERSION} is supported");
            return Err(cannot(&layout.name, cause));
        }
        Ok(layout)
    }

    /// Returns whether it has the format that `docker save` wrote before it supported OCI layouts.
    fn is_saved(&self) -> bool {
        let has = |file: &str| self.directory.join(file).symlink_metadata().is_ok();
        !has("oci-layout") && has(saved::LIST)
    }

    /// Returns the layers of its image, lowest first, each verified.
    pub(super) fn layers(&self, pinned: Option<&str>) -> Result<Vec<Archive>, Failure> {
        if self.is_saved() {
            return saved::layers(&self.directory, &self.name, pinned);
        }
        let image = self.image(pinned)?;
        let manifest: Manifest = self.verified_document(&image, "manifest")?;
        let config: Config = self.verified_document(&manifest.config, "configuration")?;
        config.check(&self.name)?;
        check_count(manifest.layers.len(), &self.name)?;
        let mut layers = Vec::new();
        for (number, layer) in manifest.layers.iter().enumerate() {
            let what = format!("layer {}", number + 1);
            if !is_layer(&layer.kind) {
                let kind = shown(layer.kind.as_bytes());
                return Err(cannot(
                    &self.name,
                    format!("its {what} has the media type `{kind}`, which is not supported"),
                )
                .hint("layers are tar archives, plain or compressed by gzip, xz or zstd"));
            }
            let (file, hash) = self.verified(layer, &what)?;
            let name = format!("{what} of {}", self.name);
            layers.push(Archive::of_file(file, Kind::Layer, name, hash));
        }
        Ok(layers)
    }

    /// Returns the descriptor of the one image that is meant.
    fn image(&self, pinned: Option<&str>) -> Result<Descriptor, Failure> {
        let (mut found, mut lists) = (Vec::new(), MOST_LISTS);
        let index = self.document("index.json")?;
        self.collect(index, pinned, DEEPEST, &mut lists, &mut found)?;
        match found.as_slice() {
            [(_, image)] => Ok(image.clone()),
            [] => {
                let cause = match pinned {
                    Some(pinned) => format!("it holds no image sha256:{pinned}"),
                    None => format!("it holds no image for linux/{HERE_IN_OCI}"),
                };
                Err(cannot(&self.name, cause)
                    .hint("skopeo inspect --raw oci:DIR shows what it holds"))
            }
            several => {
                let cause = format!("it holds {} images", several.len());
                let each = several.iter().map(|(hash, image)| {
                    let tag = image
                        .tag()
                        .map(|tag| format!(" ({})", shown(tag.as_bytes())));
                    format!("oci:PATH@sha256:{hash}{}", tag.unwrap_or_default())
                });
                let each: Vec<_> = each.take(MOST_SHOWN).collect();
                Err(cannot(&self.name, cause).hint(format!("say which: {}", each.join(", "))))
            }
        }
    }

    /// Collects the matching images of a list and of nested lists, each once.
    fn collect(
        &self,
        index: Index,
        pinned: Option<&str>,
        deep: usize,
        lists: &mut usize,
        found: &mut Vec<(Digest, Descriptor)>,
    ) -> Result<(), Failure> {
        for image in index.manifests {
            let hash = image.hash("manifest", &self.name)?;
            let is_pinned = pinned == Some(hash.as_str());
            if is_index(&image.kind) {
                if deep == 1 || *lists == 0 {
                    let cause = format!(
                        "its lists of images are more than {DEEPEST} deep, or more than {MOST_LISTS}"
                    );
                    return Err(cannot(&self.name, cause));
                }
                *lists -= 1;
                let more = self.verified_document(&image, "index")?;
                // If the list itself is pinned, take its image for this host.
                let pinned = pinned.filter(|_| !is_pinned);
                self.collect(more, pinned, deep - 1, lists, found)?;
            } else if (is_pinned || (pinned.is_none() && image.fits()))
                && !found.iter().any(|(known, _)| *known == hash)
            {
                found.push((hash, image));
            }
        }
        Ok(())
    }

    fn document<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let file = open_below(&self.directory, path, &self.name)?;
        parse(&content(file, path, &self.name)?, path, &self.name)
    }

    fn verified_document<T: serde::de::DeserializeOwned>(
        &self,
        descriptor: &Descriptor,
        what: &str,
    ) -> Result<T, Failure> {
        let (mut file, _) = self.verified(descriptor, what)?;
        std::io::Seek::rewind(&mut file).map_err(|error| cannot(&self.name, error))?;
        parse(&content(file, what, &self.name)?, what, &self.name)
    }

    /// Opens the file of a descriptor and verifies it.
    fn verified(&self, descriptor: &Descriptor, what: &str) -> Result<(File, Digest), Failure> {
        let expected = descriptor.hash(what, &self.name)?;
        let size = descriptor.size(what, &self.name)?;
        let path = format!("blobs/sha256/{expected}");
        let file = open_below(&self.directory, &path, &self.name)?;
        let length = file
            .metadata()
            .map_err(|error| cannot(&self.name, error))?
            .len();
        let again = "it was cut off or changed; copy the image again";
        if length != size {
            let cause =
                format!("its {what} has the wrong size: expected {size} bytes, got {length}");
            return Err(cannot(&self.name, cause).hint(again));
        }
        let got = Digest::of_reader(&file).map_err(|error| cannot(&self.name, error))?;
        if got != expected {
            let cause = format!(
                "its {what} has the wrong digest: expected sha256:{expected}, got sha256:{got}"
            );
            return Err(cannot(&self.name, cause).hint(again));
        }
        Ok((file, got))
    }
}
