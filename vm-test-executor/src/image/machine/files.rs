//! The files that VMs of one image boot from, made for the first of these VMs: the root as a disk, the kernel,
//! the modules. Starts nothing.

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

/// Raised when the same image would give other files.
const FORMAT: &[u8] = b"vm-test machine 2";

/// How the keys of these begin.
const PREFIX: &str = "machine-";

/// What is remembered of them.
const RECORD: &str = "machine.json";

/// What is remembered of a machine's files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineRecord {
    /// The digest of the image.
    pub image: Digest,
    /// Its kernel.
    pub kernel: KernelRecord,
    /// The modules that it begins with, in the order in which they are loaded.
    pub modules: Vec<String>,
    /// The files' hashes, by their names; those of disks are of what is not zero.
    pub files: BTreeMap<String, Digest>,
}

/// What VMs of one image boot from. It is not removed while this value lives.
#[derive(Debug)]
pub struct Machine {
    artifact: Artifact,
    key: String,
    record: MachineRecord,
}

impl Machine {
    /// What machines of this image boot from; `making` is told if it has to be made first, by this or by somebody
    /// else, which takes seconds.
    ///
    /// # Errors
    /// If the image has no kernel, or one that no machine can start with; if a layer is gone; if there is no room.
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

    /// The key of all that went into it.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is remembered of it.
    #[must_use]
    pub fn record(&self) -> &MachineRecord {
        &self.record
    }

    /// The directory with all its files. They belong to the store's owner and can be read by everybody who gets here.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.artifact.directory
    }

    /// The root file system: an ext4 file system without a partition, raw, mostly holes. Never written to.
    #[must_use]
    pub fn root(&self) -> PathBuf {
        self.directory().join(ROOT)
    }

    /// The kernel as it came.
    #[must_use]
    pub fn vmlinuz(&self) -> PathBuf {
        self.directory().join(VMLINUZ)
    }

    /// The kernel unpacked, an ELF file; `None` if it is packed in a way that is not known.
    #[must_use]
    pub fn vmlinux(&self) -> Option<PathBuf> {
        let path = self.directory().join(VMLINUX);
        path.is_file().then_some(path)
    }

    /// The files of the modules, in the order in which they are loaded.
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

/// The layers' digests say all that is in the root; the kernel is one of those in there.
fn key_of(image: &ImageRecord, kernel: &KernelRecord) -> String {
    let parts = [FORMAT, image.digest.as_bytes(), kernel.release.as_bytes()];
    format!("{PREFIX}{}", Digest::of_parts(parts).key())
}

/// The hashes of all files there but the record.
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

/// The files that are not what was made, for people, if machines of this image have ever been made.
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

/// Whether this is the key of the files of an image that is there.
pub(in crate::image) fn is_needed(store: &Store, key: &str) -> bool {
    images::list(store).iter().any(|image| {
        let kernel = image.kernel.as_ref();
        kernel.is_some_and(|kernel| key_of(image, kernel) == key)
    })
}
