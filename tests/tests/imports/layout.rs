//! Writes valid OCI layouts, which a test may then damage.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// The name of this architecture in a layout.
pub(crate) const HERE: &str = if cfg!(target_arch = "aarch64") {
    "arm64"
} else {
    "amd64"
};

const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// A layout.
#[derive(Debug)]
pub(crate) struct Layout {
    pub(crate) directory: PathBuf,
}

impl Layout {
    /// Writes a layout of one image with these layers, each with the suffix of its media type.
    pub(crate) fn write(directory: &Path, layers: &[(&str, Vec<u8>)]) -> Self {
        Self::write_for(directory, layers, HERE)
    }

    /// Does the same for another architecture.
    pub(crate) fn write_for(directory: &Path, layers: &[(&str, Vec<u8>)], machine: &str) -> Self {
        fs::create_dir_all(directory.join("blobs/sha256")).unwrap();
        let layout = Self {
            directory: directory.to_path_buf(),
        };
        layout.document("oci-layout", &json!({ "imageLayoutVersion": "1.0.0" }));
        let layers: Vec<_> = layers
            .iter()
            .map(|(end, bytes)| layout.blob(&format!("{LAYER}{end}"), bytes))
            .collect();
        let config = json!({ "architecture": machine, "os": "linux", "rootfs": { "type": "layers", "diff_ids": [] } });
        let config = layout.blob(
            "application/vnd.oci.image.config.v1+json",
            &config.to_string().into_bytes(),
        );
        layout.point_to(&json!({ "schemaVersion": 2, "config": config, "layers": layers }));
        layout
    }

    /// Writes a manifest, and an index with only this manifest.
    pub(crate) fn point_to(&self, manifest: &Value) {
        let manifest = self.blob(
            "application/vnd.oci.image.manifest.v1+json",
            &manifest.to_string().into_bytes(),
        );
        self.document(
            "index.json",
            &json!({ "schemaVersion": 2, "manifests": [manifest] }),
        );
    }

    /// Writes a file under its digest; returns a reference to it.
    pub(crate) fn blob(&self, kind: &str, bytes: &[u8]) -> Value {
        let hash = hash(bytes);
        fs::write(self.directory.join("blobs/sha256").join(&hash), bytes).unwrap();
        json!({ "mediaType": kind, "digest": format!("sha256:{hash}"), "size": bytes.len() })
    }

    /// Writes a named document.
    pub(crate) fn document(&self, name: &str, content: &Value) {
        fs::write(self.directory.join(name), content.to_string()).unwrap();
    }

    /// Returns the manifest.
    pub(crate) fn manifest(&self) -> Value {
        let read =
            |path: PathBuf| serde_json::from_slice::<Value>(&fs::read(path).unwrap()).unwrap();
        let index = read(self.directory.join("index.json"));
        let digest = index["manifests"][0]["digest"].as_str().unwrap();
        read(self.directory.join("blobs").join(digest.replace(':', "/")))
    }
}

/// Returns the SHA-256 of bytes, in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
