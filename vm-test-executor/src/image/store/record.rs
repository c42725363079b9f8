//! The records of an image and of a layer: plain data, written once.

use crate::config::Init;
use crate::image::layer::digest::Digest;
use crate::image::layer::key::LayerKey;
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

/// The record of a named image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageRecord {
    /// Its name.
    pub name: String,
    /// The hash of its layers' digests: equal content has equal digests.
    pub digest: Digest,
    /// The keys of its layers, base first.
    pub layers: Vec<LayerKey>,
    /// What runs as init in its guests, by default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub init: Option<Init>,
    /// The kernel that its VMs boot.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kernel: Option<KernelRecord>,
    /// The build time, in seconds since 1970.
    pub created: u64,
}

/// The record of a kernel in an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KernelRecord {
    /// Its source: the name of a package or a file.
    pub name: String,
    /// The output of `uname -r`.
    pub release: String,
    /// The keys of the layers with its files.
    pub layers: Vec<LayerKey>,
}

/// The record of a stored layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LayerRecord {
    /// The hash of all inputs: its parent's key, the step, and the contents of the step's files.
    pub key: LayerKey,
    /// The hash of the output: every file's path, kind, owner, permissions and content.
    pub digest: Digest,
    /// The step, for messages.
    pub step: String,
    /// The size of its files.
    pub bytes: u64,
}

/// Writes a record as JSON.
pub(in crate::image) fn write_json(path: &Path, record: &impl Serialize) -> io::Result<()> {
    fs::write(path, serde_json::to_vec_pretty(record)?)
}

/// Writes a file and syncs it to disk.
pub(super) fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
