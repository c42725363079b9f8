//! The images that a registry of these tests has: manifests, lists and blobs by their paths.

use super::exchange::{Answer, Request};
use super::layout::{HERE, hash};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;

/// The name of all images here.
pub(crate) const NAME: &str = "a/b";

const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// The images of a registry.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shelf {
    files: HashMap<String, (&'static str, Arc<Vec<u8>>)>,
    /// The digests of all layers, in the order in which they came.
    pub(crate) layers: Vec<String>,
}

impl Shelf {
    /// Adds an image of these layers, each with the end of its media type; returns its digest.
    pub(crate) fn image(&mut self, tag: &str, layers: &[(&str, Vec<u8>)]) -> String {
        let manifest = self.image_for(layers, HERE);
        self.name(tag, &manifest)
    }

    /// Adds an image for an architecture without a name; returns its manifest.
    pub(crate) fn image_for(&mut self, layers: &[(&str, Vec<u8>)], machine: &str) -> Value {
        let config = json!({ "architecture": machine, "os": "linux" }).to_string();
        let config = self.blob(CONFIG, config.into_bytes());
        let layers: Vec<_> = layers
            .iter()
            .map(|(end, bytes)| {
                let mut layer = self.blob(LAYER, bytes.clone());
                layer["mediaType"] = format!("{LAYER}{end}").into();
                let digest = layer["digest"].as_str().unwrap();
                self.layers.push(digest.to_owned());
                layer
            })
            .collect();
        json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers })
    }

    /// Adds a list of images for these architectures; returns its digest.
    pub(crate) fn list(&mut self, tag: &str, images: &[(&str, Value)]) -> String {
        let manifests: Vec<_> = images
            .iter()
            .map(|(machine, manifest)| {
                let bytes = manifest.to_string().into_bytes();
                let digest = self.name("", manifest);
                json!({
                    "mediaType": kind_of(manifest), "digest": digest, "size": bytes.len(),
                    "platform": { "os": "linux", "architecture": machine },
                })
            })
            .collect();
        let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests });
        self.name(tag, &list)
    }

    /// Adds a manifest under its digest and a tag; returns the digest.
    pub(crate) fn name(&mut self, tag: &str, manifest: &Value) -> String {
        let kind = kind_of(manifest);
        let bytes = Arc::new(manifest.to_string().into_bytes());
        let digest = format!("sha256:{}", hash(&bytes));
        for name in [tag, &digest].into_iter().filter(|name| !name.is_empty()) {
            let path = format!("manifests/{name}");
            self.files.insert(path, (kind, Arc::clone(&bytes)));
        }
        digest
    }

    /// Returns the manifest or list with this tag or digest.
    pub(crate) fn manifest(&self, name: &str) -> Value {
        let (_, bytes) = &self.files[&format!("manifests/{name}")];
        serde_json::from_slice(bytes).unwrap()
    }

    /// Adds a blob; returns a reference to it.
    pub(crate) fn blob(&mut self, kind: &'static str, bytes: Vec<u8>) -> Value {
        let (size, digest) = (bytes.len(), format!("sha256:{}", hash(&bytes)));
        let path = format!("blobs/{digest}");
        self.files.insert(path, (kind, Arc::new(bytes)));
        json!({ "mediaType": kind, "digest": digest, "size": size })
    }

    /// Returns the length of a blob.
    pub(crate) fn size_of(&self, digest: &str) -> usize {
        self.files[&format!("blobs/{digest}")].1.len()
    }

    /// Returns the paths, media types and contents of everything.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &str, &[u8])> {
        let files = self.files.iter();
        files.map(|(path, (kind, bytes))| (&path[..], *kind, &bytes[..]))
    }

    /// Returns the right answer to a request.
    pub(crate) fn answer(&self, request: &Request) -> Answer {
        let path = request.line.strip_prefix(&format!("GET /v2/{NAME}/"));
        let Some((kind, bytes)) = path.and_then(|path| self.files.get(path)) else {
            let words = r#"{"errors":[{"code":"NAME_UNKNOWN","message":"nothing of this name"}]}"#;
            return Answer::text(404, words);
        };
        let from = request.from();
        let answer = Answer::text(if from > 0 { 206 } else { 200 }, &bytes[from..]);
        let answer = answer.with("Content-Type", *kind);
        if from == 0 {
            return answer;
        }
        let (last, whole) = (bytes.len() - 1, bytes.len());
        answer.with("Content-Range", format!("bytes {from}-{last}/{whole}"))
    }
}

/// Returns the media type of a manifest or list.
fn kind_of(manifest: &Value) -> &'static str {
    match manifest.get("manifests") {
        Some(_) => INDEX,
        None => MANIFEST,
    }
}
