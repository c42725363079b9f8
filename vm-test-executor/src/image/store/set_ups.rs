//! Images that set-ups have made: their names, and which of them are still wanted.
//!
//! Runs no set-up, and removes nothing.

use super::images;
use super::locks::Held;
use super::record::ImageRecord;
use super::store::Store;
use crate::image::layer::key::LayerKey;
use std::fs::{self, File};
use std::time::SystemTime;
use vm_test_protocol::failure::Failure;

/// Increment when the same set-up would give another image.
const FORMAT: &[u8] = b"vm-test set-up 1";

/// What is between the name of the image below and the hash.
const MARK: &str = "+setup-";

/// The most characters of the name of the image below that are part of the name.
const LONGEST: usize = 80;

/// Returns the name of the image that a set-up makes of another one; `parts` tell it from others.
#[must_use]
pub fn name_of(below: &ImageRecord, parts: &[&[u8]]) -> String {
    let layers = below.layers.iter().map(|key| key.as_str().as_bytes());
    let count = below.layers.len().to_le_bytes();
    let all = [FORMAT, &count].into_iter().chain(layers);
    let key = LayerKey::of_parts(all.chain(parts.iter().copied()));
    let begin: String = below.name.chars().take(LONGEST).collect();
    format!("{begin}{MARK}{key}")
}

/// Returns whether an image of this name was made by a set-up, and no user chose its name.
#[must_use]
pub fn is_one(name: &str) -> bool {
    let key = name.rsplit_once(MARK).map(|(_, key)| key);
    key.is_some_and(|key| key.parse::<LayerKey>().is_ok())
}

/// Returns the image of this name with the locks that keep its layers, if there is one.
///
/// # Errors
/// If it cannot be locked, or it is incomplete.
pub fn hold(store: &Store, name: &str) -> Result<Option<(ImageRecord, Held)>, Failure> {
    let record = store.images().join(format!("{name}.json"));
    let Ok(file) = File::open(&record) else {
        return Ok(None);
    };
    // For `by_use`. It is not updated on a full or read-only disk.
    let _ = file.set_modified(SystemTime::now());
    match images::hold(store, name) {
        // It was removed meanwhile.
        Err(failure) if failure.is_missing() => Ok(None),
        held => held.map(Some),
    }
}

/// Returns all of them, the most recently used one first.
pub(in crate::image) fn by_use(store: &Store) -> Vec<ImageRecord> {
    let used = |image: &ImageRecord| {
        let record = store.images().join(format!("{}.json", image.name));
        let used = fs::metadata(record).and_then(|meta| meta.modified());
        used.unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let all = images::list(store).into_iter();
    let mut all: Vec<_> = all.filter(|image| is_one(&image.name)).collect();
    all.sort_by_key(|image| std::cmp::Reverse(used(image)));
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layer::digest::Digest;

    fn image(name: &str) -> ImageRecord {
        ImageRecord {
            name: name.to_owned(),
            digest: Digest::of_parts([]),
            layers: vec![LayerKey::of_parts([&b"a"[..]])],
            init: None,
            kernel: None,
            created: 0,
        }
    }

    #[test]
    fn an_image_of_a_set_up_is_known_by_its_name() {
        let name = name_of(&image("debian-12"), &[b"one"]);
        assert!(name.starts_with("debian-12+setup-"), "{name}");
        assert!(is_one(&name) && images::check_name(&name).is_ok());
        assert!(is_one(&name_of(&image(&"x".repeat(128)), &[])));
        for other in [
            "debian-12",
            "a+setup-",
            "a+setup-1",
            "debian-12+linux-image-amd64",
        ] {
            assert!(!is_one(other), "{other}");
        }
    }

    #[test]
    fn whatever_is_other_of_a_set_up_gives_it_another_name() {
        let mut below = image("a");
        let mut seen = std::collections::HashSet::new();
        let mut is_new = |below: &ImageRecord, parts: &[&[u8]]| seen.insert(name_of(below, parts));
        assert!(is_new(&below, &[b"a", b"b"]));
        assert!(!is_new(&below, &[b"a", b"b"]));
        assert!(is_new(&below, &[b"ab"]));
        below.layers.push(LayerKey::of_parts([&b"b"[..]]));
        assert!(is_new(&below, &[b"a", b"b"]));
    }

    #[test]
    fn the_one_that_was_used_last_is_first() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let names = [b"1", b"2", b"3"].map(|part| name_of(&image("a"), &[part]));
        for (name, seconds) in names.iter().zip([2, 1, 3]) {
            let path = store.images().join(format!("{name}.json"));
            fs::write(&path, serde_json::to_vec(&image(name)).unwrap()).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
            File::open(&path).unwrap().set_modified(time).unwrap();
        }
        let other = store.images().join("a.json");
        fs::write(other, serde_json::to_vec(&image("a")).unwrap()).unwrap();
        let sorted: Vec<_> = by_use(&store).into_iter().map(|image| image.name).collect();
        assert_eq!(sorted, [2, 0, 1].map(|at| names[at].clone()));
        assert!(hold(&store, "none").unwrap().is_none());
    }
}
