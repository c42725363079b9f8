//! The documents of an OCI layout: the fields that are used, and which references are valid.
//!
//! Plain data; opens nothing.

use crate::image::archive::architecture::HERE_IN_OCI;
use crate::image::archive::refusal::{cannot, shown};
use crate::image::layer::digest::Digest;
use serde::Deserialize;
use std::collections::HashMap;
use vm_test_protocol::failure::Failure;

/// The file that marks a directory as a layout.
#[derive(Debug, Deserialize)]
pub(super) struct Marker {
    #[serde(rename = "imageLayoutVersion")]
    pub(super) version: String,
}

/// A list of images.
#[derive(Debug, Deserialize)]
pub(super) struct Index {
    pub(super) manifests: Vec<Descriptor>,
}

/// One image.
#[derive(Debug, Deserialize)]
pub(super) struct Manifest {
    pub(super) config: Descriptor,
    pub(super) layers: Vec<Descriptor>,
}

/// The platform of an image.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) architecture: Option<String>,
    pub(super) os: Option<String>,
}

/// A reference to a file by its digest.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Descriptor {
    #[serde(default, rename = "mediaType")]
    pub(super) kind: String,
    digest: Option<String>,
    size: Option<u64>,
    pub(super) platform: Option<Platform>,
    #[serde(default)]
    annotations: Option<HashMap<String, String>>,
}

/// The platform of an image in a list.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Platform {
    pub(super) architecture: String,
    pub(super) os: String,
}

impl Config {
    /// Checks that this host can run it.
    pub(super) fn check(&self, name: &str) -> Result<(), Failure> {
        if let Some(architecture) = self.architecture.as_ref().filter(|it| *it != HERE_IN_OCI) {
            let cause = format!(
                "it is for {}, and this host is {HERE_IN_OCI}",
                shown(architecture.as_bytes())
            );
            return Err(cannot(name, cause).hint("get the image for this architecture"));
        }
        if let Some(system) = self.os.as_ref().filter(|it| *it != "linux") {
            let cause = format!(
                "it is for the system {}, and guests run linux",
                shown(system.as_bytes())
            );
            return Err(cannot(name, cause));
        }
        Ok(())
    }
}

impl Descriptor {
    /// Returns the hash that the file must have.
    pub(super) fn hash(&self, what: &str, name: &str) -> Result<Digest, Failure> {
        let Some(digest) = &self.digest else {
            return Err(
                cannot(name, format!("its {what} is named without a digest"))
                    .hint("pin it: every reference in a layout has the form sha256:HEX"),
            );
        };
        match digest.strip_prefix("sha256:").map(str::parse) {
            Some(Ok(hash)) => Ok(hash),
            _ => Err(cannot(
                name,
                format!(
                    "its {what} has the digest `{}`, which is not of the form sha256:HEX",
                    shown(digest.as_bytes())
                ),
            )
            .hint("copy the image with a tool that writes sha256 digests, such as skopeo")),
        }
    }

    /// Returns the length that the file must have.
    pub(super) fn size(&self, what: &str, name: &str) -> Result<u64, Failure> {
        self.size
            .ok_or_else(|| cannot(name, format!("its {what} is named without a size")))
    }

    /// Returns its name in the list.
    pub(super) fn tag(&self) -> Option<&str> {
        let annotations = self.annotations.as_ref()?;
        annotations
            .get("org.opencontainers.image.ref.name")
            .map(String::as_str)
    }

    /// Returns whether it is for this host, or does not say.
    pub(super) fn fits(&self) -> bool {
        self.platform
            .as_ref()
            .is_none_or(|platform| platform.os == "linux" && platform.architecture == HERE_IN_OCI)
    }
}

/// Returns whether a descriptor of this media type is a list of images.
pub(super) fn is_index(kind: &str) -> bool {
    kind.contains("image.index") || kind.contains("manifest.list")
}

/// Media type suffixes of compressed layers, as written by various programs.
const COMPRESSED: [&str; 5] = ["gzip", "gz", "zstd", "zst", "xz"];

/// Returns whether a layer of this media type can be read.
///
/// The compression is detected from its bytes.
pub(super) fn is_layer(kind: &str) -> bool {
    let plain = COMPRESSED.iter().find_map(|form| {
        let rest = kind.strip_suffix(form)?;
        rest.strip_suffix(['+', '.'])
    });
    plain.unwrap_or(kind).ends_with(".tar")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_known_under_every_name_that_programs_give_their_kinds() {
        for kind in [
            "application/vnd.oci.image.layer.v1.tar",
            "application/vnd.oci.image.layer.v1.tar+gzip",
            "application/vnd.oci.image.layer.v1.tar+zstd",
            "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
            "application/vnd.docker.image.rootfs.diff.tar",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
            "application/vnd.docker.image.rootfs.diff.tar.zstd",
            "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        ] {
            assert!(is_layer(kind), "{kind}");
        }
        for kind in [
            "application/vnd.oci.image.layer.v1.tar+gzip+encrypted",
            "text/plain",
            "",
            "tarzstd",
        ] {
            assert!(!is_layer(kind), "{kind}");
        }
    }
}
