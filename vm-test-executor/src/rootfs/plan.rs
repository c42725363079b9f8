//! The steps that make a root file system, in order, as data.

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

/// One step. Targets are absolute paths in the guest; parents come before children.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A writable directory over one of the host; writes go to memory.
    Layer {
        /// Where it appears.
        target: PathBuf,
        /// The directory below the writes.
        lower: Lower,
        /// Paths in it that the guest does not see, relative to it.
        hidden: Vec<PathBuf>,
        /// Directories in it that the guest's root may change although they belong to another user,
        /// relative to it.
        adopted: Vec<PathBuf>,
    },
    /// Writable layers of an image; writes go to memory or to a directory that stays.
    Stack {
        /// Where it appears.
        target: PathBuf,
        /// The layers, the base first.
        below: Vec<Lower>,
        /// A directory with `files` and `work`, for writes that stay.
        above: Option<Lower>,
    },
    /// A directory of the host that belongs to the guest and is mounted writable.
    Own {
        /// Where it appears.
        target: PathBuf,
        /// The directory.
        source: Lower,
    },
    /// A directory of the host that the guest can only read.
    ReadOnly {
        /// Where it appears.
        target: PathBuf,
        /// The directory.
        lower: Lower,
    },
    /// An empty file system in memory.
    Empty {
        /// Where it appears.
        target: PathBuf,
        /// Permission bits of its root.
        mode: u32,
    },
    /// A directory.
    Directory {
        /// Where it appears.
        target: PathBuf,
        /// Permission bits.
        mode: u32,
    },
    /// A symbolic link.
    Symlink {
        /// Where it appears.
        target: PathBuf,
        /// Its content.
        content: PathBuf,
    },
    /// A copy of a single file of the host.
    File {
        /// Where it appears.
        target: PathBuf,
        /// The file on the host.
        source: Lower,
    },
    /// A copy of a file of the host, or of a directory with all that is in it, which is root's.
    Copy {
        /// Where it appears.
        target: PathBuf,
        /// The file or directory on the host.
        source: Lower,
        /// Whether it is a directory.
        is_directory: bool,
        /// What was there when the plan was made.
        state: Vec<u8>,
    },
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

/// The directory below the writes of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lower {
    /// A directory, by its path on the host.
    Path(PathBuf),
    /// The tree with this index.
    Tree(usize),
}

fn found(path: &Path) -> Found {
    let meta = fs::metadata(path).ok()?;
    let changed = meta.is_file().then(|| (meta.mtime(), meta.mtime_nsec()));
    Some((meta.dev(), meta.ino(), changed))
}

impl Step {
    /// Returns the step's path in the guest.
    #[must_use]
    pub fn target(&self) -> &Path {
        match self {
            Self::Layer { target, .. }
            | Self::Stack { target, .. }
            | Self::Own { target, .. }
            | Self::ReadOnly { target, .. }
            | Self::Empty { target, .. }
            | Self::Directory { target, .. }
            | Self::Symlink { target, .. }
            | Self::File { target, .. }
            | Self::Copy { target, .. } => target,
        }
    }

    /// Returns the directories of the host that it mounts, and the file that it copies.
    fn sources(&self) -> Vec<&Lower> {
        match self {
            Self::File { source, .. } => vec![source],
            _ => self.lowers(),
        }
    }

    /// Returns the directories of the host that it mounts.
    #[must_use]
    pub fn lowers(&self) -> Vec<&Lower> {
        match self {
            Self::Layer { lower, .. } | Self::ReadOnly { lower, .. } => vec![lower],
            Self::Own { source, .. } | Self::Copy { source, .. } => vec![source],
            Self::Stack { below, above, .. } => below.iter().chain(above).collect(),
            Self::Empty { .. }
            | Self::Directory { .. }
            | Self::Symlink { .. }
            | Self::File { .. } => Vec::new(),
        }
    }
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
    /// there, if `is_needed` for one.
    pub fn adopt(&mut self, directories: &[PathBuf], is_needed: impl Fn(&Path) -> bool) {
        let directories: Vec<_> = directories
            .iter()
            .filter_map(|path| path.canonicalize().ok())
            .filter(|path| !is_the_systems(path))
            .collect();
        let is_inner = |path: &Path| {
            directories
                .iter()
                .any(|dir| path != dir && path.starts_with(dir))
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
mod tests {
    use super::*;

    fn names(paths: &[PathBuf]) -> Vec<&str> {
        paths.iter().filter_map(|path| path.to_str()).collect()
    }

    #[test]
    fn what_is_hidden_or_adopted_is_said_of_the_layer_that_it_is_in() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().canonicalize().unwrap();
        let [work, inner, disk] = ["work", "work/inner", "disk"].map(|name| root.join(name));
        for path in [&inner, &disk] {
            std::fs::create_dir_all(path).unwrap();
        }
        let mut plan = Plan::default();
        plan.layer(root.clone(), By::Path);
        plan.layer(disk.clone(), By::Path);
        plan.layer(root.join(".ssh"), By::Path);
        plan.hide(&[root.join(".ssh"), disk.join("key")]);
        let shared = [work, inner, "/usr/bin".into(), "/".into(), disk.clone()];
        plan.adopt(&shared, |_| true);
        let layers: Vec<_> = plan
            .steps
            .iter()
            .map(|step| match step {
                Step::Layer {
                    hidden, adopted, ..
                } => (names(hidden), names(adopted)),
                _ => panic!("{step:?}"),
            })
            .collect();
        let outer = (vec![".ssh", "disk/key"], vec!["work", "disk"]);
        assert_eq!(layers, [outer, (vec!["key"], vec![""])]);
        let adopted = |plan: &Plan| {
            let adopted = plan.steps.iter().map(|step| match step {
                Step::Layer { adopted, .. } => adopted.len(),
                _ => 0,
            });
            adopted.collect::<Vec<_>>()
        };
        plan.adopt(&shared, |path| path != disk);
        assert_eq!(adopted(&plan), [1, 0]);
        plan.adopt(&shared, |_| false);
        assert_eq!(adopted(&plan), [0, 0]);
    }

    #[test]
    fn a_plan_for_the_same_paths_with_something_else_there_is_another_one() {
        let dir = tempfile::tempdir().unwrap();
        let [work, tree, file] = ["work", "tree", "file"].map(|name| dir.path().join(name));
        for path in [&work, &tree] {
            fs::create_dir(path).unwrap();
        }
        fs::write(&file, "old").unwrap();
        let made = || {
            let mut plan = Plan::default();
            plan.layer(work.clone(), By::Path);
            plan.layer(tree.clone(), By::Tree);
            plan.add_file("/lib/file".into(), file.clone(), By::Path);
            plan.look();
            plan
        };
        let first = made();
        fs::write(work.join("new"), "").unwrap();
        assert_eq!(made(), first);
        fs::write(&file, "new").unwrap();
        let second = made();
        assert_ne!(second, first);
        for path in [&work, &tree] {
            fs::rename(path, path.with_extension("old")).unwrap();
            fs::create_dir(path).unwrap();
        }
        let third = made();
        assert_ne!(third, second);
        fs::remove_dir(&tree).unwrap();
        assert_ne!(made(), third);
        assert_eq!(made(), made());
    }
}
