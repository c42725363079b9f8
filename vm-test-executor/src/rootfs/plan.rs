//! The steps that make a root file system, in order, as data.

use super::step::{Lower, Step};
use serde::{Deserialize, Serialize};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What to mount where, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Directories of the host of which the daemon makes detached copies, with mapped ids, before
    /// the keeper starts.
    pub trees: Vec<Tree>,
    /// What was at the paths of all its sources when it was made, so that a plan for the same paths
    /// with something else there is another one.
    pub found: Vec<Found>,
}

/// What is at a path of the host: device and inode, and of a file, which is copied, when it was
/// changed. Nothing where nothing is.
type Found = Option<(u64, u64, Option<(i64, i64)>)>;

/// A directory of the host that the keeper gets as a descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// The directory.
    pub path: PathBuf,
    /// Whether the guest can do without it.
    pub optional: bool,
}

/// How the keeper finds a directory or a file of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// By its path.
    Path,
    /// As a tree: a real root's guests have other ids than the host.
    Tree,
    /// As a tree that the guest can do without.
    OptionalTree,
}

impl By {
    /// Returns how a real root's keepers find them, and an ordinary user's.
    #[must_use]
    pub fn user(is_root: bool) -> Self {
        if is_root { Self::Tree } else { Self::Path }
    }
}

fn found(path: &Path) -> Found {
    let meta = fs::metadata(path).ok()?;
    let changed = meta.is_file().then(|| (meta.mtime(), meta.mtime_nsec()));
    Some((meta.dev(), meta.ino(), changed))
}

impl Plan {
    /// Looks what is at the paths of all its sources.
    pub fn look(&mut self) {
        let trees = self.trees.iter().map(|tree| &*tree.path);
        let lowers = self.steps.iter().flat_map(Step::sources);
        let paths = lowers.filter_map(|lower| match lower {
            Lower::Path(path) => Some(&**path),
            Lower::Tree(_) => None,
        });
        self.found = trees.chain(paths).map(found).collect();
    }

    /// Returns whether what is written there stays, as in the step of a build.
    #[must_use]
    pub fn stays(&self) -> bool {
        let stays = |step: &Step| matches!(step, Step::Stack { above: Some(_), .. });
        self.steps.iter().any(stays)
    }

    /// Adds a layer over a directory of the host, at the same path in the guest.
    pub(super) fn layer(&mut self, path: PathBuf, by: By) {
        let lower = self.lower(path.clone(), by);
        self.steps.push(Step::Layer {
            target: path,
            lower,
            hidden: Vec::new(),
            adopted: Vec::new(),
        });
    }

    /// Lets the guest's root change everything in these directories of the host, whoever owns it
    /// there, if `is_needed` for one. No symbolic link is in their paths.
    pub fn adopt(&mut self, directories: &[PathBuf], is_needed: impl Fn(&Path) -> bool) {
        let directories = directories.iter().filter(|path| !is_the_systems(path));
        let directories: Vec<_> = directories.collect();
        let is_inner = |path: &Path| {
            directories
                .iter()
                .any(|dir| path != **dir && path.starts_with(dir))
        };
        for step in &mut self.steps {
            let Step::Layer {
                target, adopted, ..
            } = step
            else {
                continue;
            };
            if directories.iter().any(|dir| target.starts_with(dir)) {
                *adopted = vec![PathBuf::new()];
            } else {
                let outer = directories.iter().filter(|path| !is_inner(path));
                let inner = outer.filter_map(|path| path.strip_prefix(&*target).ok());
                *adopted = inner.map(Path::to_path_buf).collect();
            }
            adopted.retain(|path| is_needed(&target.join(path)));
        }
    }

    /// Hides these files and directories of the host, with everything below them.
    pub(super) fn hide(&mut self, paths: &[PathBuf]) {
        let is_hidden = |target: &Path| paths.iter().any(|path| target.starts_with(path));
        self.steps.retain(|step| !is_hidden(step.target()));
        for step in &mut self.steps {
            if let Step::Layer { target, hidden, .. } = step {
                let inner = paths
                    .iter()
                    .filter_map(|path| path.strip_prefix(&*target).ok());
                *hidden = inner.map(Path::to_path_buf).collect();
            }
        }
    }

    /// Returns a directory of the host, as a tree or by its path.
    pub(super) fn lower(&mut self, path: PathBuf, by: By) -> Lower {
        if by == By::Path {
            return Lower::Path(path);
        }
        let optional = by == By::OptionalTree;
        self.trees.push(Tree { path, optional });
        Lower::Tree(self.trees.len() - 1)
    }

    /// Adds a directory of the host that the guest can only read.
    pub fn add_read_only(&mut self, target: PathBuf, source: PathBuf, by: By) {
        let lower = self.lower(source, by);
        self.steps.push(Step::ReadOnly { target, lower });
    }

    /// Adds a copy of a file or directory of the host, which was found in this state.
    pub fn add_copy(
        &mut self,
        target: PathBuf,
        source: PathBuf,
        by: By,
        is_directory: bool,
        state: Vec<u8>,
    ) {
        let source = self.lower(source, by);
        self.steps.push(Step::Copy {
            target,
            source,
            is_directory,
            state,
        });
    }

    /// Adds a file of the host at another path in the guest.
    pub fn add_file(&mut self, target: PathBuf, source: PathBuf, by: By) {
        let source = self.lower(source, by);
        self.steps.push(Step::File { target, source });
    }
}

/// Directories that belong to the system, with everything below them.
const SYSTEM: [&str; 10] = [
    "/bin", "/boot", "/etc", "/gnu", "/lib", "/lib32", "/lib64", "/nix", "/sbin", "/usr",
];

/// Directories of the system that contain others' directories.
const OUTER: [&str; 9] = [
    "/", "/home", "/media", "/mnt", "/opt", "/root", "/srv", "/tmp", "/var",
];

/// Returns whether a directory belongs to the system, and so is not a workspace even if somebody
/// works there.
fn is_the_systems(path: &Path) -> bool {
    SYSTEM.iter().any(|dir| path.starts_with(dir)) || OUTER.iter().any(|dir| path == Path::new(dir))
}

#[cfg(test)]
mod tests;
