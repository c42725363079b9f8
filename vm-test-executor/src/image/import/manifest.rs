//! The documents of an OCI layout: what of them is used, and what makes a reference to another file a good one. Plain
//! data; opens nothing.

use super::refusal::{cannot, shown};
use serde::Deserialize;
use vm_test::protocol::failure::Failure;

/// The file that says that a directory is a layout.
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

/// What an image is for.
#[derive(Debug, Deserialize)]
pub(super) struct Config {
    pub(super) architecture: Option<String>,
    pub(super) os: Option<String>,
}

/// A reference to a file.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Descriptor {
    #[serde(default, rename = "mediaType")]
    pub(super) kind: String,
    digest: Option<String>,
    size: Option<u64>,
    pub(super) platform: Option<Platform>,
}

/// Which machines an image of a list is for.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Platform {
    pub(super) architecture: String,
    pub(super) os: String,
}

impl Descriptor {
    /// The hash that the file must have, in hexadecimal digits.
    pub(super) fn hash(&self, what: &str, name: &str) -> Result<&str, Failure> {
        let Some(digest) = &self.digest else {
            return Err(
                cannot(name, format!("its {what} is named without a digest"))
                    .hint("pin it: every reference in a layout has the form sha256:HEX"),
            );
        };
        match digest.strip_prefix("sha256:") {
            Some(hash) if is_hash(hash) => Ok(hash),
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

    /// The length that the file must have.
    pub(super) fn size(&self, what: &str, name: &str) -> Result<u64, Failure> {
        self.size
            .ok_or_else(|| cannot(name, format!("its {what} is named without a size")))
    }

    /// Whether it is for this host; one that does not say may be.
    pub(super) fn fits(&self) -> bool {
        self.platform.as_ref().is_none_or(|platform| {
            platform.os == "linux" && platform.architecture == super::machine::HERE_IN_OCI
        })
    }
}

/// Whether this is a SHA-256 in hexadecimal digits.
pub(super) fn is_hash(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// Whether a descriptor of this kind is a list of images.
pub(super) fn is_index(kind: &str) -> bool {
    kind.contains("image.index") || kind.contains("manifest.list")
}

/// Whether a layer of this kind can be read.
pub(super) fn is_layer(kind: &str) -> bool {
    let plain = kind.strip_suffix("+gzip").or(kind.strip_suffix("+zstd"));
    let plain = plain.or(kind.strip_suffix(".gzip")).unwrap_or(kind);
    plain.ends_with(".tar")
}
