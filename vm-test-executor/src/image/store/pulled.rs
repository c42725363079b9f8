//! What images of registries consist of, by the digest that the registry gave them, so that nothing
//! has to be asked of it again.
//!
//! A record is written once all its layers are in the store, and goes when one of them does.

use super::layers;
use super::record::write_durably;
use super::remains::names_in;
use super::store::{Store, cannot};
use crate::image::layer::digest::Digest;
use crate::image::layer::key::LayerKey;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use vm_test_protocol::failure::Failure;

/// One image of a registry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::image) struct PulledRecord {
    /// The digest of its manifest, or of the list that it was chosen from.
    pub(in crate::image) digest: Digest,
    /// The architecture that it was chosen for.
    pub(in crate::image) architecture: String,
    /// The digests and sizes of its layers in the registry, lowest first.
    pub(in crate::image) layers: Vec<(Digest, u64)>,
    /// The keys of its layers in the store.
    pub(in crate::image) keys: Vec<LayerKey>,
}

/// Returns the record of an image, if there is one for this architecture.
pub(in crate::image) fn find(
    store: &Store,
    digest: &Digest,
    architecture: &str,
) -> Option<PulledRecord> {
    let bytes = fs::read(path_of(store, digest)).ok()?;
    let record: PulledRecord = serde_json::from_slice(&bytes).ok()?;
    (record.digest == *digest && record.architecture == architecture).then_some(record)
}

/// Writes the record of an image whose layers are in the store.
pub(in crate::image) fn remember(store: &Store, record: &PulledRecord) -> Result<(), Failure> {
    if find(store, &record.digest, &record.architecture).as_ref() == Some(record) {
        return Ok(());
    }
    store.check()?;
    let path = path_of(store, &record.digest);
    let key = format!("pulled-{}", record.digest.key());
    let _reservation = store.reserve(&key, || ())?;
    let aside = store.staging().join(format!("{key}.json"));
    let write = || -> io::Result<()> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o755).create(store.pulled())?;
        write_durably(&aside, &serde_json::to_vec_pretty(record)?)?;
        fs::rename(&aside, &path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&aside);
        cannot("write", &path, &error)
    })
}

/// Removes the records of images whose layers are no longer all in the store.
pub(in crate::image) fn sweep(store: &Store) -> Result<(), Failure> {
    if !store.pulled().exists() {
        return Ok(());
    }
    for name in names_in(&store.pulled())? {
        let path = store.pulled().join(name);
        let record = fs::read(&path).ok();
        let record = record.and_then(|bytes| serde_json::from_slice::<PulledRecord>(&bytes).ok());
        let is_whole = record.is_some_and(|record| {
            let mut keys = record.keys.iter();
            keys.all(|key| layers::find(store, key).is_some())
        });
        if is_whole {
            continue;
        }
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(cannot("remove", &path, &error));
            }
            _ => {}
        }
    }
    Ok(())
}

fn path_of(store: &Store, digest: &Digest) -> PathBuf {
    store.pulled().join(format!("{digest}.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_for_its_architecture_and_goes_with_its_layers() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let record = PulledRecord {
            digest: Digest::of_parts([&b"a"[..]]),
            architecture: "amd64".to_owned(),
            layers: vec![(Digest::of_parts([&b"b"[..]]), 7)],
            keys: vec![LayerKey::of_parts([&b"c"[..]])],
        };
        assert_eq!(find(&store, &record.digest, "amd64"), None);
        remember(&store, &record).unwrap();
        assert_eq!(find(&store, &record.digest, "amd64"), Some(record.clone()));
        assert_eq!(find(&store, &record.digest, "arm64"), None);
        sweep(&store).unwrap();
        assert_eq!(find(&store, &record.digest, "amd64"), None);
        assert_eq!(fs::read_dir(store.staging()).unwrap().count(), 0);
    }
}
