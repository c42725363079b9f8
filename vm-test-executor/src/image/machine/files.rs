//! The files that the VMs of one image boot from: the root disk, the kernel, the modules.
//!
//! They are made for the first of these VMs. Starts nothing.

use super::sparse;
use crate::image::boot::assembly::{MODULES, ORDER, Order, ROOT, VMLINUX, VMLINUZ};
use crate::image::inside::{self, Task};
use crate::image::layer::digest::Digest;
use crate::image::store::{
    Artifact, Held, ImageRecord, KernelRecord, Lasting, Store, artifact, images, layers, space,
    write_json,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::machine::OPTIONAL;

/// Increment when the same image would give other files.
const FORMAT: &[u8] = b"vm-test machine 3";

/// The prefix of their keys.
const PREFIX: &str = "machine-";

/// The name of the record file.
const RECORD: &str = "machine.json";

/// The record of an image's VM files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineRecord {
    /// The digest of the image.
    pub image: Digest,
    /// The kernel.
    pub kernel: KernelRecord,
    /// The modules that the VM loads at boot, in loading order.
    pub modules: Vec<String>,
    /// The hash of each file by name; for disks, of the non-zero blocks only.
    pub files: BTreeMap<String, Digest>,
}

/// The files that VMs of one image boot from, which are not removed while this value lives.
#[derive(Debug)]
pub struct Machine {
    artifact: Artifact,
    key: String,
    record: MachineRecord,
}

impl Machine {
    /// Returns the VM files of this image.
    ///
    /// `making` is called if they have to be made first, by this process or another one, which
    /// takes seconds.
    ///
    /// # Errors
    /// If the image has no kernel, or one that no VM can boot; if a layer is gone; if the disk is
    /// full.
    pub fn of(store: &Store, image: &ImageRecord, making: impl Fn()) -> Result<Self, Failure> {
        let cannot = |cause: String| {
            Failure::new(format!(
                "cannot make the VM files of image `{}`: {cause}",
                image.name
            ))
        };
        let Some(kernel) = &image.kernel else {
            return Err(cannot("it has no kernel".to_owned()).hint(
                "set kernel = \"linux-image-cloud-amd64\" in its recipe and build it again, or use backend = \"lxc\"",
            )
            .missing());
        };
        let key = key_of(image, kernel);
        let artifact = artifact::obtain(store, &key, Lasting::ForGood, &making, |aside| {
            making();
            let before = space::free(store.root());
            make(store, image, kernel, aside).map_err(|failure| {
                if space::is_full(&failure, store.root(), true) {
                    let step = format!("make the VM files of image `{}`", image.name);
                    space::full(store.root(), &step, before, None)
                } else {
                    failure
                }
            })
        })?;
        let file = artifact.directory.join(RECORD);
        let record = fs::read(&file)
            .and_then(|bytes| Ok(serde_json::from_slice(&bytes)?))
            .map_err(|error| {
                cannot(format!("{}: {error}", file.display()))
                    .hint("remove that directory; it will be made again")
            })?;
        Ok(Self {
            artifact,
            key,
            record,
        })
    }

    /// Returns the key of all inputs.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Returns the record.
    #[must_use]
    pub fn record(&self) -> &MachineRecord {
        &self.record
    }

    /// Returns the directory with all files.
    ///
    /// They belong to the store's owner and are world-readable.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.artifact.directory
    }

    /// Returns the root disk: a raw ext4 file system without partitions, mostly holes.
    ///
    /// It is never written to.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.directory().join(ROOT)
    }

    /// Returns the kernel in its original form.
    #[must_use]
    pub fn vmlinuz(&self) -> PathBuf {
        self.directory().join(VMLINUZ)
    }

    /// Returns the decompressed kernel, an ELF file; `None` if its compression is unknown.
    #[must_use]
    pub fn vmlinux(&self) -> Option<PathBuf> {
        let path = self.directory().join(VMLINUX);
        path.is_file().then_some(path)
    }

    /// Returns the module files in loading order.
    #[must_use]
    pub fn modules(&self) -> Vec<PathBuf> {
        let home = self.directory().join(MODULES);
        let names = self.record.modules.iter();
        names.map(|name| home.join(format!("{name}.ko"))).collect()
    }
}

fn make(
    store: &Store,
    image: &ImageRecord,
    kernel: &KernelRecord,
    aside: &Path,
) -> Result<(), Failure> {
    let mut held = Held::default();
    let mut bytes = 0;
    for key in &image.layers {
        if !layers::hold(store, key, &mut held)? {
            return Err(Failure::new(format!(
                "cannot make the VM files of image `{}`: its layer {key} is not in the store",
                image.name
            ))
            .hint(format!(
                "build it again: vm-test image build {}",
                image.name
            )));
        }
        bytes += layers::find(store, key).map_or(0, |layer| layer.bytes);
    }
    let layers = image.layers.iter().map(|key| store.files(key));
    let order = Order {
        layers: layers.map(|files| store.relative(&files)).collect(),
        release: kernel.release.clone(),
        bytes,
        into: store.relative(aside),
    };
    inside::perform(store.root(), Task::Machine(order), None)?;
    let remember = || -> io::Result<()> {
        let order = fs::read_to_string(aside.join(MODULES).join(ORDER))?;
        let record = MachineRecord {
            image: image.digest.clone(),
            kernel: kernel.clone(),
            modules: order
                .lines()
                .map(|line| line.strip_suffix(OPTIONAL).unwrap_or(line).to_owned())
                .collect(),
            files: digests(aside)?,
        };
        write_json(&aside.join(RECORD), &record)
    };
    remember().map_err(|error| {
        Failure::new(format!(
            "cannot read what is in {}: {error}",
            aside.display()
        ))
    })
}

/// Returns the key of the image's files.
///
/// The image's digest covers the whole root, including all kernels.
fn key_of(image: &ImageRecord, kernel: &KernelRecord) -> String {
    let parts = [FORMAT, image.digest.as_bytes(), kernel.release.as_bytes()];
    format!("{PREFIX}{}", Digest::of_parts(parts).key())
}

/// Returns the hashes of all files except the record.
fn digests(directory: &Path) -> io::Result<BTreeMap<String, Digest>> {
    let mut digests = BTreeMap::new();
    for home in ["", MODULES] {
        for entry in fs::read_dir(directory.join(home))? {
            let entry = entry?;
            let path = entry.path();
            let name = Path::new(home).join(entry.file_name());
            if path.is_file() && entry.file_name() != RECORD {
                let digest = sparse::digest(&File::open(path)?)?;
                digests.insert(name.to_string_lossy().into_owned(), digest);
            }
        }
    }
    Ok(digests)
}

/// Describes the files that have changed since they were made, if they were ever made.
pub(in crate::image) fn verify(store: &Store, image: &ImageRecord) -> Result<Vec<String>, Failure> {
    let Some(kernel) = &image.kernel else {
        return Ok(Vec::new());
    };
    let key = key_of(image, kernel);
    let Some(artifact) = artifact::find(store, &key)? else {
        return Ok(Vec::new());
    };
    let machine = Machine::of(store, image, || ())?;
    let found = digests(&artifact.directory).map_err(|error| {
        Failure::new(format!(
            "cannot read {}: {error}",
            artifact.directory.display()
        ))
    })?;
    let recorded = &machine.record.files;
    let names: std::collections::BTreeSet<_> = found.keys().chain(recorded.keys()).collect();
    Ok(names
        .into_iter()
        .filter(|name| found.get(*name) != recorded.get(*name))
        .map(|name| format!("file {name} of {key}"))
        .collect())
}

/// Returns the key of an image's files, if it has a kernel.
pub(in crate::image) fn key_for(image: &ImageRecord) -> Option<String> {
    let kernel = image.kernel.as_ref()?;
    Some(key_of(image, kernel))
}

/// Returns whether this is the key of the files of an existing image.
pub(in crate::image) fn is_needed(store: &Store, key: &str) -> bool {
    let images = images::list(store);
    images
        .iter()
        .any(|image| key_for(image).is_some_and(|its| its == key))
}
