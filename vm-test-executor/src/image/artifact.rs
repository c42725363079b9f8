//! What is made of images and of the host's files for machines to start from, each a directory below the store under the
//! key of all that went into it. Made aside, once, and renamed; locked while it is used; knows nothing of what is in it.

use super::Store;
use super::inside::{self, Task};
use super::layer::{cannot_make, make_empty};
use super::locks::{self, Held};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use vm_test::protocol::failure::Failure;

/// A directory that nobody removes as long as this lives.
#[derive(Debug)]
pub(super) struct Artifact {
    pub(super) directory: PathBuf,
    held: Held,
}

/// Whether it must outlive the machine that it was made on. What is made anew in no time need not wait for the disk, and
/// then its key is only good until the next boot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lasting {
    ForGood,
    UntilReboot,
}

impl Store {
    /// Where these are.
    pub(super) fn artifacts(&self) -> PathBuf {
        self.root().join("machines")
    }

    /// The one with this key, which `make` makes in the directory it is given, if it is not there.
    pub(super) fn artifact(
        &self,
        key: &str,
        lasting: Lasting,
        make: impl FnOnce(&Path) -> Result<(), Failure>,
    ) -> Result<Artifact, Failure> {
        if let Some(artifact) = self.find_artifact(key)? {
            return Ok(artifact);
        }
        let _reservation = self.reserve(key, || ())?;
        if let Some(artifact) = self.find_artifact(key)? {
            // Another process made it while this one waited.
            return Ok(artifact);
        }
        let aside = self.aside().join(key);
        self.remove_aside(&aside)?;
        make_empty(&aside)?;
        let made = make(&aside).and_then(|()| self.publish(&aside, key, lasting));
        if made.is_err() {
            // What is left of it is rubbish, which the next making of it or `gc` removes if this cannot.
            let _ = self.remove_aside(&aside);
        }
        made?;
        self.find_artifact(key)?.ok_or_else(|| {
            Failure::new(format!(
                "cannot use {}: somebody removed it just now",
                self.artifacts().join(key).display()
            ))
        })
    }

    /// The one with this key, if it is there.
    pub(super) fn find_artifact(&self, key: &str) -> Result<Option<Artifact>, Failure> {
        let directory = self.artifacts().join(key);
        let mut held = Held::default();
        if !locks::hold_directory(&directory, &mut held)? {
            return Ok(None);
        }
        // Those that were used last are kept longest. On a disk that is full or cannot be written to, they are not.
        let _ = File::open(&directory).and_then(|file| file.set_modified(SystemTime::now()));
        Ok(Some(Artifact { directory, held }))
    }

    /// Removes the one with this key; `None` if somebody uses it. Else the bytes of its files.
    pub(super) fn remove_artifact(&self, key: &str) -> Result<Option<u64>, Failure> {
        let path = self.artifacts().join(key);
        let cannot =
            |error: io::Error| Failure::new(format!("cannot remove {}: {error}", path.display()));
        let Some(_reservation) = self.try_reserve(key)? else {
            return Ok(None);
        };
        let lock = match locks::lock_for_removal(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Some(0)),
            lock => lock.map_err(cannot)?,
        };
        let Some(lock) = lock else {
            return Ok(None);
        };
        let bytes = bytes_of(&path);
        let aside = self.aside().join(key);
        fs::rename(&path, &aside).map_err(cannot)?;
        drop(lock);
        self.remove_aside(&aside)?;
        Ok(Some(bytes))
    }

    /// Takes the name from this one, which has this key, whoever uses it: it is broken. It is removed when nobody does.
    pub(super) fn take_away(&self, key: &str, broken: Artifact) -> Result<(), Failure> {
        let _reservation = self.reserve(key, || ())?;
        let place = self.artifacts().join(key);
        // Somebody else may have seen it, too, and made another one since.
        if !broken.held.has(&place) {
            return Ok(());
        }
        // Earlier ones may still be used.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let now = now.map_or(0, |now| now.as_nanos());
        let aside = self.aside().join(format!("{key}-broken-{now}"));
        fs::rename(&place, &aside).map_err(|error| cannot_make(&place, &error))?;
        drop(broken);
        if let Ok(Some(_lock)) = locks::lock_for_removal(&aside) {
            let task = Task::Remove(self.relative(&aside));
            inside::perform(self.root(), task, None)?;
        }
        Ok(())
    }

    /// Removes those whose keys begin like this and that were used longest ago, but for the last ones and those in use.
    pub(super) fn forget_oldest(&self, prefix: &str, kept: usize) -> Result<(), Failure> {
        let entries = fs::read_dir(self.artifacts()).into_iter().flatten();
        let mut found: Vec<(SystemTime, String)> = entries
            .flatten()
            .filter_map(|entry| {
                let key = entry.file_name().into_string().ok()?;
                let used = entry.metadata().and_then(|meta| meta.modified()).ok()?;
                key.starts_with(prefix).then_some((used, key))
            })
            .collect();
        found.sort();
        let many = found.len().saturating_sub(kept);
        for (_, key) in &found[..many] {
            self.remove_artifact(key)?;
        }
        Ok(())
    }

    fn publish(&self, aside: &Path, key: &str, lasting: Lasting) -> Result<(), Failure> {
        let publish = || -> io::Result<()> {
            if lasting == Lasting::ForGood {
                rustix::fs::syncfs(File::open(aside)?)?;
            }
            fs::rename(aside, self.artifacts().join(key))?;
            if lasting == Lasting::ForGood {
                File::open(self.artifacts())?.sync_all()?;
            }
            Ok(())
        };
        publish().map_err(|error| cannot_make(&self.artifacts().join(key), &error))
    }

    fn remove_aside(&self, aside: &Path) -> Result<(), Failure> {
        if !aside.exists() {
            return Ok(());
        }
        // Those that a killed process started may outlive it by a moment.
        locks::await_others(aside).map_err(|error| cannot_make(aside, &error))?;
        let task = Task::Remove(self.relative(aside));
        inside::perform(self.root(), task, None).map(drop)
    }
}

/// What the files of a directory take up on the disk.
fn bytes_of(directory: &Path) -> u64 {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            fs::symlink_metadata(entry.path())
                .ok()
                .map(|meta| (entry, meta))
        })
        .map(|(entry, meta)| match meta.is_dir() {
            true => bytes_of(&entry.path()),
            false => meta.blocks() * 512,
        })
        .sum()
}
