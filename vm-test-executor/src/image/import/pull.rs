//! An image in a registry: finds out which layers it has, and fetches those that are needed.
//!
//! The registry's bytes are checked and kept in a file without a name until they are unpacked.

use super::document::parse;
use super::layer_count::check_count;
use super::manifest::{Config, Index, Manifest, is_index, is_layer};
use super::runner::Runner;
use super::tarball::Archive;
use crate::image::archive::architecture::HERE_IN_OCI;
use crate::image::archive::limits::Limits;
use crate::image::archive::order::Kind;
use crate::image::archive::refusal::{MOST_SHOWN, cannot, shown, too_much};
use crate::image::layer::digest::Digest;
use crate::image::layer::key::LayerKey;
use crate::image::recipe::Reference;
use crate::image::registry::Registry;
use crate::image::store::pulled::{self, PulledRecord};
use crate::image::store::{Reservation, Store, space};
use serde::Deserialize;
use std::cell::OnceCell;
use std::fs::{self, File};
use std::rc::Rc;
use vm_test_protocol::failure::Failure;

/// The most lists of images, one in the other.
const DEEPEST: usize = 4;

/// An image in a registry.
#[derive(Debug)]
pub(super) struct Pull {
    registry: Registry,
    name: String,
    digest: Digest,
    layers: Vec<(Digest, u64)>,
    reservation: OnceCell<Reservation>,
}

/// One of its layers.
#[derive(Debug)]
pub(in crate::image) struct PulledLayer {
    pull: Rc<Pull>,
    what: String,
    /// The name used in messages.
    pub(super) name: String,
    /// The hash of the archive.
    pub(super) hash: Digest,
    size: u64,
    archive: OnceCell<Archive>,
}

/// What tells the kinds of manifests from each other.
#[derive(Deserialize)]
struct Head {
    #[serde(rename = "mediaType")]
    kind: Option<String>,
}

impl Pull {
    /// Finds out which layers an image has.
    ///
    /// If the store has had it, a digest asks the registry nothing, and a tag asks for the manifest
    /// that it names.
    pub(super) fn look_up(reference: &Reference, store: &Store) -> Result<Self, Failure> {
        let name = reference.to_string();
        let registry = Registry::open(reference)?;
        let known =
            |digest: &Digest| pulled::find(store, digest, HERE_IN_OCI).map(|record| record.layers);
        let (digest, layers) = match reference.digest() {
            Some(digest) => {
                let layers = match known(digest) {
                    Some(layers) => layers,
                    None => {
                        let (bytes, kind) = registry.manifest(Some((digest, None)))?;
                        resolve(&registry, &name, bytes, kind)?
                    }
                };
                (digest.clone(), layers)
            }
            None => {
                let (bytes, kind) = registry.manifest(None)?;
                let digest = Digest::of_reader(&bytes[..]).map_err(|error| cannot(&name, error))?;
                let layers = match known(&digest) {
                    Some(layers) => layers,
                    None => resolve(&registry, &name, bytes, kind)?,
                };
                (digest, layers)
            }
        };
        let limits = Limits::of_environment()?;
        let sizes = layers.iter().map(|(_, size)| *size);
        if sizes.fold(0, u64::saturating_add) > limits.bytes {
            return Err(too_much(&name, &limits));
        }
        Ok(Self {
            registry,
            name,
            digest,
            layers,
            reservation: OnceCell::new(),
        })
    }

    /// Returns its layers, lowest first; none of them has been fetched.
    pub(super) fn layers(self: &Rc<Self>) -> Vec<PulledLayer> {
        let layers = self.layers.iter().enumerate();
        let layer = |(at, (hash, size)): (usize, &(Digest, u64))| {
            let what = format!("layer {}", at + 1);
            PulledLayer {
                pull: Rc::clone(self),
                name: format!("{what} of {}", self.name),
                what,
                hash: hash.clone(),
                size: *size,
                archive: OnceCell::new(),
            }
        };
        layers.map(layer).collect()
    }

    /// Keeps other builds from fetching it meanwhile; `waiting` is called if one does.
    pub(super) fn reserve(&self, store: &Store, waiting: impl FnOnce()) -> Result<(), Failure> {
        if self.reservation.get().is_none() {
            // No other thread has this value, so it is still empty.
            let _ = self.reservation.set(store.reserve(&self.key(), waiting)?);
        }
        Ok(())
    }

    /// Writes down that the store has all its layers, under these keys.
    pub(super) fn remember(&self, store: &Store, keys: &[LayerKey]) -> Result<(), Failure> {
        pulled::remember(
            store,
            &PulledRecord {
                digest: self.digest.clone(),
                architecture: HERE_IN_OCI.to_owned(),
                layers: self.layers.clone(),
                keys: keys.to_vec(),
            },
        )
    }

    fn key(&self) -> String {
        format!("pull-{}", self.digest.key())
    }
}

impl PulledLayer {
    /// Returns its archive, which is fetched if it has not been.
    pub(super) fn archive(
        &self,
        store: &Store,
        runner: &mut dyn Runner,
    ) -> Result<&Archive, Failure> {
        if self.archive.get().is_none() {
            self.pull.reserve(store, || ())?;
            let file = self.fetch(store, runner)?;
            let archive = Archive::of_file(file, Kind::Layer, self.name.clone(), self.hash.clone());
            // No other thread has this value, so it is still empty.
            let _ = self.archive.set(archive);
        }
        self.archive
            .get()
            .ok_or_else(|| cannot(&self.name, "it was not fetched"))
    }

    fn fetch(&self, store: &Store, runner: &mut dyn Runner) -> Result<File, Failure> {
        store.check()?;
        let (before, step) = (space::free(store.root()), format!("fetch {}", self.name));
        if self.size > before {
            return Err(space::full(store.root(), &step, before, Some(self.size)));
        }
        let path = store.staging().join(self.pull.key());
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(true);
        let opened = options.open(&path).and_then(|file| {
            // Without a name, it goes with this process, however that ends.
            fs::remove_file(&path).map(|()| file)
        });
        let mut file = opened.map_err(|error| cannot(&self.name, error))?;
        let whole = self.size.div_ceil(1 << 20);
        let mut shown = None;
        let mut progress = |bytes: u64| {
            let bytes = bytes >> 20;
            if shown.replace(bytes) != Some(bytes) {
                runner.progress(&format!("fetch, {bytes} of {whole} MiB"));
            }
        };
        let fetched = self.pull.registry.download(
            &self.what,
            &self.hash,
            self.size,
            &mut file,
            &mut progress,
        );
        fetched.map_err(|failure| {
            if space::is_full(&failure, store.root(), false) {
                space::full(store.root(), &step, before, Some(self.size))
            } else {
                failure
            }
        })?;
        runner.progress("check");
        Ok(file)
    }
}

/// Returns the layers of the image in a manifest, or of the image for this host in a list of them.
fn resolve(
    registry: &Registry,
    name: &str,
    mut bytes: Vec<u8>,
    mut kind: Option<String>,
) -> Result<Vec<(Digest, u64)>, Failure> {
    for _ in 0..DEEPEST {
        let head: Head = parse(&bytes, "manifest", name)?;
        let is_list = head
            .kind
            .or(kind.take())
            .is_some_and(|kind| is_index(&kind));
        if !is_list {
            let manifest: Manifest = parse(&bytes, "manifest", name)?;
            return layers_of(registry, name, &manifest);
        }
        let list: Index = parse(&bytes, "list of images", name)?;
        let Some(image) = list.manifests.iter().find(|image| image.fits()) else {
            let cause = format!(
                "it has no image for linux/{HERE_IN_OCI}, only for {}",
                platforms(&list)
            );
            return Err(cannot(name, cause).hint("get an image for this architecture"));
        };
        let digest = image.hash("manifest", name)?;
        let size = image.size("manifest", name)?;
        (bytes, kind) = registry.manifest(Some((&digest, Some(size))))?;
    }
    let cause = format!("its lists of images are more than {DEEPEST} deep");
    Err(cannot(name, cause).hint("name the image itself by its digest"))
}

/// Returns what a list has images for.
fn platforms(list: &Index) -> String {
    let all = list.manifests.iter().filter_map(|image| {
        let platform = image.platform.as_ref()?;
        let words = format!("{}/{}", platform.os, platform.architecture);
        Some(shown(words.as_bytes()))
    });
    let all: Vec<_> = all.take(MOST_SHOWN).collect();
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join(", ")
    }
}

/// Returns the layers of a manifest whose image this host can run.
fn layers_of(
    registry: &Registry,
    name: &str,
    manifest: &Manifest,
) -> Result<Vec<(Digest, u64)>, Failure> {
    let what = "configuration";
    let digest = manifest.config.hash(what, name)?;
    let size = manifest.config.size(what, name)?;
    let config: Config = parse(&registry.document(what, &digest, size)?, what, name)?;
    config.check(name)?;
    check_count(manifest.layers.len(), name)?;
    let layers = manifest.layers.iter().enumerate().map(|(at, layer)| {
        let what = format!("layer {}", at + 1);
        if !is_layer(&layer.kind) {
            let kind = shown(layer.kind.as_bytes());
            let cause = format!("its {what} has the media type `{kind}`, which is not supported");
            return Err(cannot(name, cause)
                .hint("layers are tar archives, plain or compressed by gzip, xz or zstd"));
        }
        Ok((layer.hash(&what, name)?, layer.size(&what, name)?))
    });
    layers.collect()
}
