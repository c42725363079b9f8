//! An image as `docker save` writes it, in a directory.
//!
//! A list names the images, each with a configuration and layers, by their paths. Unpacks no layer.

use super::document::{content, open_below, parse};
use super::layer_count::check_count;
use super::manifest::Config;
use super::tarball::Archive;
use crate::image::archive::order::Kind;
use crate::image::archive::refusal::{MOST_SHOWN, cannot, shown};
use crate::image::layer::digest::Digest;
use serde::Deserialize;
use std::path::Path;
use vm_test_protocol::failure::Failure;

/// The file with the list of images.
pub(super) const LIST: &str = "manifest.json";

/// One image in the list.
#[derive(Debug, Deserialize)]
struct Saved {
    #[serde(rename = "Config")]
    config: String,
    #[serde(rename = "RepoTags")]
    tags: Option<Vec<String>>,
    #[serde(rename = "Layers")]
    layers: Vec<String>,
}

/// Returns the layers of the only image, or of the one with this hash, lowest first.
///
/// The hash is that of the image's configuration.
pub(super) fn layers(
    directory: &Path,
    name: &str,
    pinned: Option<&str>,
) -> Result<Vec<Archive>, Failure> {
    let document = |path: &str| content(open_below(directory, path, name)?, path, name);
    let mut images: Vec<Saved> = parse(&document(LIST)?, LIST, name)?;
    let (mut configs, mut hashes) = (Vec::new(), Vec::new());
    for image in &images {
        let config = document(&image.config)?;
        hashes.push(Digest::of_reader(&config[..]).map_err(|error| cannot(name, error))?);
        configs.push(config);
    }
    let meant = |at: &usize| pinned.is_none_or(|pinned| pinned == hashes[*at].as_str());
    let found: Vec<_> = (0..images.len()).filter(meant).collect();
    let at = match found[..] {
        [at] => at,
        [] => {
            let cause = match pinned {
                Some(pinned) => format!("it holds no image with the configuration sha256:{pinned}"),
                None => "it holds no image".to_owned(),
            };
            return Err(cannot(name, cause).hint("save it again: docker save IMAGE > FILE.tar"));
        }
        _ => {
            let cause = format!("it holds {} images", found.len());
            let tags = |at: usize| {
                images[at]
                    .tags
                    .iter()
                    .flatten()
                    .cloned()
                    .collect::<Vec<_>>()
            };
            let each = found.iter().map(|&at| {
                let tags = tags(at).join(", ");
                format!(
                    "oci:PATH@sha256:{} ({})",
                    hashes[at],
                    shown(tags.as_bytes())
                )
            });
            let each: Vec<_> = each.take(MOST_SHOWN).collect();
            return Err(cannot(name, cause).hint(format!("say which: {}", each.join(", "))));
        }
    };
    let image = images.swap_remove(at);
    let config: Config = parse(&configs[at], &image.config, name)?;
    config.check(name)?;
    check_count(image.layers.len(), name)?;
    let mut layers = Vec::new();
    for (number, path) in image.layers.iter().enumerate() {
        let file = open_below(directory, path, name)?;
        let hash = Digest::of_reader(&file).map_err(|error| cannot(name, error))?;
        let name = format!("layer {} of {name}", number + 1);
        layers.push(Archive::of_file(file, Kind::Layer, name, hash));
    }
    Ok(layers)
}
