//! What the store remembers of an image and of a layer: plain data, written once.

use crate::config::Init;
use crate::image::layer::digest::Digest;
use crate::image::layer::key::LayerKey;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// A named image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRecord {
    /// Its name.
    pub name: String,
    /// The hash of its layers' digests: the same content has the same digest.
    pub digest: Digest,
    /// The keys of its layers, the base first.
    pub layers: Vec<LayerKey>,
    /// What the first process of its guests is, unless they say otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
    /// The kernel that its machines boot with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<KernelRecord>,
    /// When it was built, in seconds since 1970.
    pub created: u64,
}

/// A kernel in an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelRecord {
    /// What it came from: a package, or a file's name.
    pub name: String,
    /// What `uname -r` says.
    pub release: String,
    /// The keys of the layers with its files.
    pub layers: Vec<LayerKey>,
}

/// A stored layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerRecord {
    /// The hash of all that went into it: its parent's key, the step, the contents of the files it names.
    pub key: LayerKey,
    /// The hash of what came out: every file's path, kind, owner, permissions and content.
    pub digest: Digest,
    /// The step, for people.
    pub step: String,
    /// Bytes of its files.
    pub bytes: u64,
}

/// Writes a record.
pub(in crate::image) fn write_json(path: &Path, record: &impl Serialize) -> io::Result<()> {
    fs::write(path, serde_json::to_vec_pretty(record)?)
}

/// Writes a file that is on the disk when this returns.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
