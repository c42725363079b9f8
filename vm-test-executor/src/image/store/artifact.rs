//! Artifacts: files that VMs start from, made from images and the host's files.
//!
//! Each is a directory in the store, named by the hash of its inputs. It is made once in a staging
//! directory and renamed, and locked while in use. Its content is not known here.

use super::fingerprint;
use super::locks::{self, Held};
use super::staging::{self, cannot_make, make_empty};
use super::store::Store;
use crate::image::inside::{self, Task};
use crate::image::layer::digest::Digest;
use crate::image::layer::lock::lock_for_removal;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use vm_test_protocol::failure::Failure;

/// An artifact that is not removed while this value lives.
#[derive(Debug)]
pub(in crate::image) struct Artifact {
    pub(in crate::image) directory: PathBuf,
    held: Held,
}

/// Whether an artifact must survive a reboot.
///
/// One that is quick to make again is not synced to disk, so its key is valid only until the next
/// boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::image) enum Lasting {
    ForGood,
    UntilReboot,
}

/// Returns the artifact with this key, which `make` creates in the given directory if needed.
///
/// `waiting` is called if another process is making it.
pub(in crate::image) fn obtain(
    store: &Store,
    key: &str,
    lasting: Lasting,
    waiting: impl FnOnce(),
    make: impl FnOnce(&Path) -> Result<(), Failure>,
) -> Result<Artifact, Failure> {
    if let Some(artifact) = find(store, key)? {
        return Ok(artifact);
    }
    let _reservation = store.reserve(key, waiting)?;
    if let Some(artifact) = find(store, key)? {
        // Another process made it while this one waited.
        return Ok(artifact);
    }
    let aside = store.staging().join(key);
    staging::remove(store, &aside)?;
    make_empty(&aside)?;
    let made = make(&aside).and_then(|()| publish(store, &aside, key, lasting));
    if made.is_err() {
        // If this fails, the next attempt or `gc` removes what is left.
        let _ = staging::remove(store, &aside);
    }
    made?;
    find(store, key)?.ok_or_else(|| {
        Failure::new(format!(
            "cannot use {}: it was removed meanwhile",
            store.artifacts().join(key).display()
        ))
    })
}

/// Returns the artifact with this key, if it exists.
pub(in crate::image) fn find(store: &Store, key: &str) -> Result<Option<Artifact>, Failure> {
    let directory = store.artifacts().join(key);
    let mut held = Held::default();
    if !locks::hold_directory(&directory, &mut held)? {
        return Ok(None);
    }
    // The modification time records the last use, for eviction. It is not updated on a full or
    // read-only disk.
    let _ = File::open(&directory).and_then(|file| file.set_modified(SystemTime::now()));
    Ok(Some(Artifact { directory, held }))
}

/// Removes the artifact with this key; returns the size of its files, or `None` if it is in use.
pub(in crate::image) fn remove(store: &Store, key: &str) -> Result<Option<u64>, Failure> {
    let path = store.artifacts().join(key);
    let cannot =
        |error: io::Error| Failure::new(format!("cannot remove {}: {error}", path.display()));
    let Some(_reservation) = store.try_reserve(key)? else {
        return Ok(None);
    };
    let lock = match lock_for_removal(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(0)),
        lock => lock.map_err(cannot)?,
    };
    let Some(lock) = lock else {
        return Ok(None);
    };
    let bytes = bytes_of(&path);
    let aside = store.staging().join(key);
    fs::rename(&path, &aside).map_err(cannot)?;
    drop(lock);
    staging::remove(store, &aside)?;
    Ok(Some(bytes))
}

/// Discards a broken artifact, even if others use it.
///
/// It loses its name, and is removed when it is no longer in use.
pub(in crate::image) fn discard(store: &Store, key: &str, broken: Artifact) -> Result<(), Failure> {
    let _reservation = store.reserve(key, || ())?;
    let place = store.artifacts().join(key);
    // Another process may have noticed it too, and replaced it since.
    if !broken.held.has(&place) {
        return Ok(());
    }
    // Earlier broken ones may still be in use.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let now = now.map_or(0, |now| now.as_nanos());
    let aside = store.staging().join(format!("{key}-broken-{now}"));
    fs::rename(&place, &aside).map_err(|error| cannot_make(&place, &error))?;
    drop(broken);
    if let Ok(Some(_lock)) = lock_for_removal(&aside) {
        let task = Task::Remove(store.relative(&aside));
        inside::perform(store.root(), task, None)?;
    }
    Ok(())
}

/// Removes the least recently used artifacts with this key prefix.
///
/// The last `kept` ones and those in use stay.
pub(in crate::image) fn forget_oldest(
    store: &Store,
    prefix: &str,
    kept: usize,
) -> Result<(), Failure> {
    forget_beyond(store, prefix, kept, u64::MAX)
}

/// Removes them like [`forget_oldest`], but also keeps no more than `bytes`, and at least one.
pub(in crate::image) fn forget_beyond(
    store: &Store,
    prefix: &str,
    kept: usize,
    bytes: u64,
) -> Result<(), Failure> {
    let entries = fs::read_dir(store.artifacts()).into_iter().flatten();
    let found = entries.flatten().filter_map(|entry| {
        let key = entry.file_name().into_string().ok()?;
        let last = entry.metadata().and_then(|meta| meta.modified()).ok()?;
        let bytes = || bytes_of(&entry.path());
        key.starts_with(prefix).then(|| Used {
            key,
            last,
            bytes: bytes(),
        })
    });
    for key in old_ones(found.collect(), kept, bytes) {
        remove(store, &key)?;
    }
    Ok(())
}

/// Removes artifacts that were made by [`key_of_this_boot`] with this prefix before the last boot.
///
/// Nothing finds them any more.
pub(in crate::image) fn forget_other_boots(store: &Store, prefix: &str) -> Result<(), Failure> {
    let current = beginning_in_this_boot(prefix);
    let entries = fs::read_dir(store.artifacts()).into_iter().flatten();
    for entry in entries.flatten() {
        let Ok(key) = entry.file_name().into_string() else {
            continue;
        };
        if key.starts_with(prefix) && !key.starts_with(&current) {
            remove(store, &key)?;
        }
    }
    Ok(())
}

fn publish(store: &Store, aside: &Path, key: &str, lasting: Lasting) -> Result<(), Failure> {
    let publish = || -> io::Result<()> {
        if lasting == Lasting::ForGood {
            rustix::fs::syncfs(File::open(aside)?)?;
        }
        fs::rename(aside, store.artifacts().join(key))?;
        if lasting == Lasting::ForGood {
            File::open(store.artifacts())?.sync_all()?;
        }
        Ok(())
    };
    publish().map_err(|error| cannot_make(&store.artifacts().join(key), &error))
}

/// An existing artifact.
#[derive(Debug)]
struct Used {
    key: String,
    /// When it was last used.
    last: SystemTime,
    /// Disk usage.
    bytes: u64,
}

/// Returns the keys to remove, so that at most `kept` artifacts and `bytes` remain.
///
/// At least one is kept.
fn old_ones(mut all: Vec<Used>, kept: usize, bytes: u64) -> Vec<String> {
    all.sort_by_key(|used| std::cmp::Reverse(used.last));
    let mut taken: u64 = 0;
    let mut number = 0;
    all.retain(|used| {
        taken = taken.saturating_add(used.bytes);
        number += 1;
        number > kept || (number > 1 && taken > bytes)
    });
    all.into_iter().map(|used| used.key).collect()
}

/// Returns the key of these inputs, valid until the host reboots.
pub(in crate::image) fn key_of_this_boot(prefix: &str, parts: &[&[u8]]) -> String {
    let boot = fingerprint::until_reboot();
    let hash = Digest::of_parts(parts.iter().copied().chain([boot.as_slice()]));
    format!("{}{}", beginning_in_this_boot(prefix), hash.key())
}

/// Returns the prefix of such keys.
fn beginning_in_this_boot(prefix: &str) -> String {
    let boot = Digest::of_parts([fingerprint::until_reboot().as_slice()]);
    format!("{prefix}{}-", &boot.as_str()[..8])
}

/// Returns the disk usage of a directory's files.
fn bytes_of(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            fs::symlink_metadata(entry.path())
                .ok()
                .map(|meta| (entry, meta))
        })
        .map(|(entry, meta)| {
            if meta.is_dir() {
                bytes_of(&entry.path())
            } else {
                meta.blocks() * 512
            }
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_key_is_good_for_one_boot_and_shows_which() {
        let key = key_of_this_boot("disk-", &[b"a", b"b"]);
        assert_eq!(key, key_of_this_boot("disk-", &[b"a", b"b"]));
        assert_ne!(key, key_of_this_boot("disk-", &[b"ab"]));
        assert!(key.starts_with(&beginning_in_this_boot("disk-")));
    }

    #[test]
    fn the_last_ones_are_kept_up_to_their_number_and_their_size() {
        let now = SystemTime::now();
        let found = |ages: &[(u64, u64)]| {
            let entries = ages.iter().enumerate().map(|(number, &(age, bytes))| Used {
                key: number.to_string(),
                last: now - Duration::from_secs(age),
                bytes,
            });
            entries.collect::<Vec<_>>()
        };
        let old = |ages: &[(u64, u64)], kept, bytes| {
            let old = old_ones(found(ages), kept, bytes);
            old.join(" ")
        };
        // Pairs of age and size; the second one was used last.
        let some = [(30, 5), (10, 5), (20, 5)];
        assert_eq!(old(&some, 3, 15), "");
        assert_eq!(old(&some, 2, 15), "0");
        assert_eq!(old(&some, 3, 14), "0");
        assert_eq!(old(&some, 3, 9), "2 0");
        // A single one is kept, whatever its size.
        assert_eq!(old(&some, 3, 1), "2 0");
    }
}
