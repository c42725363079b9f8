//! When a new copy of this host's system was last requested.
//!
//! That is a stored token, part of the copies' keys. So a copy never changes, like all layers, and
//! the next build of every image with base `host` makes or finds a new one.

use super::store::Store;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::SystemTime;
use vm_test_protocol::failure::Failure;

/// The key of the lock for changing it.
const KEY: &str = "host-refresh";

fn file_of(store: &Store) -> PathBuf {
    store.root().join("host-refresh")
}

/// Returns the token; empty if no new copy was ever requested.
pub(in crate::image) fn refreshed(store: &Store) -> Vec<u8> {
    fs::read(file_of(store)).unwrap_or_default()
}

/// Requests a new copy of this host's system for all images built on it from now on.
///
/// # Errors
/// If the store cannot be written to.
pub fn refresh_host(store: &Store) -> Result<(), Failure> {
    store.check()?;
    let path = file_of(store);
    let _reservation = store.reserve(KEY, || ())?;
    let aside = store.staging().join(format!("{KEY}.json"));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let word = now.map_or(0, |now| now.as_nanos()).to_string();
    let write = || -> io::Result<()> {
        let mut file = File::create(&aside)?;
        file.write_all(word.as_bytes())?;
        file.sync_all()?;
        fs::rename(&aside, &path)
    };
    write().map_err(|error| Failure::new(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refresh_changes_the_token_and_leaves_no_staging_files() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let mut seen = std::collections::HashSet::from([refreshed(&store)]);
        for _ in 0..2 {
            refresh_host(&store).unwrap();
            assert!(seen.insert(refreshed(&store)));
            assert_eq!(refreshed(&store), refreshed(&store));
        }
        assert_eq!(fs::read_dir(store.staging()).unwrap().count(), 0);
    }
}
