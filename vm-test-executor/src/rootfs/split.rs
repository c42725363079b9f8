//! A directory of the host taken apart, for an ordinary user: one layer per directory without
//! mounts below it, since the kernel locks a mount and those below it together in a user's
//! namespace, and lets no overlay be mounted over them.

use super::plan::{By, Plan};
use super::step::{Lower, Step};
use crate::host::mountinfo::Mount;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// How directories are split.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split<'a> {
    pub(super) mounts: &'a [Mount],
    /// Directories with mounts below them are split down to this depth, and are empty there.
    pub(super) deepest: usize,
    /// Files directly in such directories are copied up to this size, in bytes; larger ones are
    /// left out.
    pub(super) most_bytes: u64,
}

impl Split<'_> {
    /// Returns whether a mount below this directory prevents an overlay over it.
    pub(super) fn is_needed(&self, path: &Path) -> bool {
        self.mounts
            .iter()
            .any(|mount| mount.target != path && mount.target.starts_with(path))
    }

    /// Adds a path, in parts if necessary.
    pub(super) fn add(&self, plan: &mut Plan, path: &Path, depth: usize) {
        let Ok(meta) = fs::symlink_metadata(path) else {
            return;
        };
        if meta.is_symlink() {
            if let Ok(content) = fs::read_link(path) {
                plan.steps.push(Step::Symlink {
                    target: path.to_path_buf(),
                    content,
                });
            }
        } else if meta.is_file() {
            if depth > 1 && meta.len() <= self.most_bytes && fs::File::open(path).is_ok() {
                plan.steps.push(Step::File {
                    target: path.to_path_buf(),
                    source: Lower::Path(path.to_path_buf()),
                });
            }
        } else if meta.is_dir() {
            self.add_directory(plan, path, depth);
        }
    }

    fn add_directory(&self, plan: &mut Plan, path: &Path, depth: usize) {
        // A directory that this user cannot list stays empty, as do those of the kernel's file
        // systems.
        let readable = fs::read_dir(path).is_ok() && !self.is_the_kernels(path);
        if readable && !self.is_needed(path) {
            plan.layer(path.to_path_buf(), By::Path);
            return;
        }
        if readable && depth < self.deepest {
            self.take_apart(plan, path, depth);
            return;
        }
        plan.steps.push(directory(path));
    }

    /// Adds a directory in parts.
    pub(super) fn take_apart(&self, plan: &mut Plan, path: &Path, depth: usize) {
        plan.steps.push(directory(path));
        for child in children(path) {
            self.add(plan, &child, depth + 1);
        }
    }

    fn is_the_kernels(&self, path: &Path) -> bool {
        self.mounts
            .iter()
            .any(|mount| mount.target == path && !mount.is_on_disk() && mount.kind != "tmpfs")
    }
}

/// Returns a step that makes a directory with the permissions of the host's.
fn directory(path: &Path) -> Step {
    let mode = fs::symlink_metadata(path).map_or(0o755, |meta| meta.mode() & 0o1777);
    Step::Directory {
        target: path.to_path_buf(),
        mode,
    }
}

/// Returns the entries of a directory of the host, by name.
pub(super) fn children(path: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    let mut children: Vec<_> = entries.map(|entry| entry.path()).collect();
    children.sort();
    children
}
