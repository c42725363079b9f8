//! A survey of a host directory for a disk: its size, what cannot be read, and a fingerprint.
//!
//! Reads no content.

use crate::image::layer::digest::Digest;
use crate::image::store::fingerprint;
use rustix::fs::{Access, access};
use sha2::{Digest as _, Sha256};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use vm_test_runtime::cargo::is_cargos;

/// The result of a survey.
#[derive(Default)]
pub(super) struct Survey {
    hash: Sha256,
    /// A hash that includes the times of directories.
    times: Sha256,
    /// The user's credentials, which stay on the host.
    hidden: Vec<PathBuf>,
    /// Whether nothing may stay on the host.
    is_whole: bool,
    /// The number of files of all kinds.
    pub(super) entries: u64,
    /// Their disk usage in bytes.
    pub(super) bytes: u64,
    /// Directories whose content stays on the host: caches, unreadable and hidden ones.
    pub(super) bare: Vec<PathBuf>,
    /// Files that are unreadable or hidden.
    pub(super) closed: Vec<PathBuf>,
}

/// Why a survey stopped early.
#[derive(Debug)]
pub(super) enum SurveyError {
    /// There is more than a disk may hold.
    TooMuch(&'static str),
    /// A path could not be read.
    Failed(PathBuf, io::Error),
}

impl Survey {
    /// Creates a survey that leaves these files and directories on the host.
    pub(super) fn without(hidden: &[PathBuf]) -> Self {
        Self {
            hidden: hidden.to_vec(),
            ..Self::default()
        }
    }

    /// Creates a survey that leaves nothing on the host, and fails where something cannot be read.
    pub(super) fn of_all() -> Self {
        Self {
            is_whole: true,
            ..Self::default()
        }
    }

    /// Surveys a tree, which may be a single file.
    pub(super) fn visit(&mut self, root: &Path, most: Most) -> Result<(), SurveyError> {
        let mut stack = vec![root.to_path_buf()];
        while let Some(path) = stack.pop() {
            let meta = match fs::symlink_metadata(&path) {
                Ok(meta) => meta,
                // Removed since its directory was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound && path != root => continue,
                Err(error) => return Err(SurveyError::Failed(path, error)),
            };
            self.add(&path, &meta);
            if self.entries > most.entries {
                return Err(SurveyError::TooMuch("files"));
            }
            if self.bytes > most.bytes {
                return Err(SurveyError::TooMuch("bytes"));
            }
            if self.hidden.contains(&path) {
                self.hash.update(b"hidden");
                // A link stays; its target is hidden on its own.
                if meta.is_dir() {
                    self.bare.push(path);
                } else if meta.is_file() {
                    self.closed.push(path);
                }
            } else if meta.is_dir() {
                stack.extend(self.children(&path, root)?);
            } else if meta.is_file()
                && let Err(error) = access(&path, Access::READ_OK)
            {
                if self.is_whole {
                    return Err(SurveyError::Failed(path, error.into()));
                }
                self.closed.push(path);
            }
        }
        Ok(())
    }

    /// Returns the entries of a directory, sorted.
    fn children(&mut self, path: &Path, root: &Path) -> Result<Vec<PathBuf>, SurveyError> {
        if path != root && !self.is_whole && is_cargos(path) {
            self.bare.push(path.to_path_buf());
            return Ok(Vec::new());
        }
        let entries = match fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error)
                if error.kind() == io::ErrorKind::PermissionDenied
                    && path != root
                    && !self.is_whole =>
            {
                self.bare.push(path.to_path_buf());
                return Ok(Vec::new());
            }
            // Removed since its entry was read.
            Err(error) if error.kind() == io::ErrorKind::NotFound && path != root => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(SurveyError::Failed(path.to_path_buf(), error)),
        };
        let mut children: Vec<_> = entries
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()
            .map_err(|error| SurveyError::Failed(path.to_path_buf(), error))?;
        children.sort_unstable_by(|one, other| other.cmp(one));
        Ok(children)
    }

    fn add(&mut self, path: &Path, meta: &Metadata) {
        self.entries += 1;
        if meta.is_file() {
            self.bytes += meta.len();
        }
        let name = path.as_os_str().as_bytes();
        self.hash.update((name.len() as u64).to_le_bytes());
        self.hash.update(name);
        if meta.is_dir() {
            // Changes in a directory show in its entries, unless they have been undone.
            self.times.update(fingerprint::of_meta(meta));
            for number in [meta.mode(), meta.uid(), meta.gid()] {
                self.hash.update(number.to_le_bytes());
            }
        } else {
            self.hash.update(fingerprint::of_meta(meta));
        }
    }

    /// Returns the fingerprint of everything that was visited.
    pub(super) fn fingerprint(&self) -> Digest {
        Digest::of_hash(self.hash.clone())
    }

    /// Returns a string that also differs if a file existed only for a moment.
    pub(super) fn moment(&self) -> String {
        format!(
            "{}{}",
            self.fingerprint(),
            Digest::of_hash(self.times.clone())
        )
    }
}

/// The limits of a disk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Most {
    pub(super) entries: u64,
    pub(super) bytes: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::layer::cache::TAG;

    const MOST: Most = Most {
        entries: 100,
        bytes: 1 << 20,
    };

    fn survey(root: &Path) -> Survey {
        let mut survey = Survey::default();
        survey.visit(root, MOST).unwrap();
        survey
    }

    #[test]
    fn every_change_of_a_file_changes_the_fingerprint_and_what_cargo_makes_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir_all(root.join("src")).unwrap();
        fs::create_dir_all(root.join("target/debug")).unwrap();
        fs::write(root.join("target").join(TAG), "").unwrap();
        fs::write(root.join("src/a"), "one").unwrap();
        // A directory that the user created for cargo has no tag.
        fs::create_dir_all(root.join("built")).unwrap();
        fs::write(root.join("built/.rustc_info.json"), "").unwrap();
        let first = survey(root);
        assert_eq!(first.bare, [root.join("built"), root.join("target")]);
        fs::write(root.join("target/debug/x"), "").unwrap();
        assert_eq!(survey(root).fingerprint(), first.fingerprint());
        fs::write(root.join("src/a"), "two").unwrap();
        let second = survey(root);
        assert_ne!(second.fingerprint(), first.fingerprint());
        fs::rename(root.join("src/a"), root.join("src/b")).unwrap();
        assert_ne!(survey(root).fingerprint(), second.fingerprint());
    }

    #[test]
    fn nothing_stays_behind_of_what_is_wanted_as_a_whole() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("target/debug")).unwrap();
        fs::write(dir.path().join("target").join(TAG), "").unwrap();
        let mut survey = Survey::of_all();
        survey.visit(dir.path(), MOST).unwrap();
        assert!(survey.bare.is_empty(), "{:?}", survey.bare);
        assert_eq!(survey.entries, 4);
        let mut survey = Survey::of_all();
        let missing = survey.visit(&dir.path().join("none"), MOST);
        assert!(matches!(missing, Err(SurveyError::Failed(..))));
    }

    #[test]
    fn credentials_stay_on_the_host_and_make_no_difference() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir(root.join(".ssh")).unwrap();
        fs::write(root.join(".ssh/id"), "key").unwrap();
        fs::write(root.join(".netrc"), "word").unwrap();
        let hidden = [root.join(".ssh"), root.join(".netrc")];
        let without = || {
            let mut survey = Survey::without(&hidden);
            survey.visit(root, MOST).unwrap();
            survey
        };
        let first = without();
        assert_eq!(first.bare, [root.join(".ssh")]);
        assert_eq!(first.closed, [root.join(".netrc")]);
        assert_ne!(survey(root).fingerprint(), first.fingerprint());
        fs::write(root.join(".ssh/id"), "another").unwrap();
        assert_eq!(without().fingerprint(), first.fingerprint());
    }

    #[test]
    fn a_file_that_was_there_for_a_moment_changes_the_moment_and_not_the_fingerprint() {
        let dir = tempfile::tempdir().unwrap();
        let first = survey(dir.path());
        // File times have a granularity of a few milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(dir.path().join("a"), "").unwrap();
        fs::remove_file(dir.path().join("a")).unwrap();
        let second = survey(dir.path());
        assert_eq!(second.fingerprint(), first.fingerprint());
        assert_ne!(second.moment(), first.moment());
    }

    #[test]
    fn a_tree_without_end_is_given_up() {
        let dir = tempfile::tempdir().unwrap();
        for number in 0..200 {
            fs::write(dir.path().join(number.to_string()), "").unwrap();
        }
        let trouble = Survey::default().visit(dir.path(), MOST);
        assert!(matches!(trouble, Err(SurveyError::TooMuch("files"))));
    }
}
