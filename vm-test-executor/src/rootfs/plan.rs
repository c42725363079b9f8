//! The steps that make a root file system, in order, as data.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What to mount where, in this order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The steps.
    pub steps: Vec<Step>,
    /// Directories of the host of which the daemon makes a detached copy, with ids mapped, before the keeper starts.
    pub trees: Vec<Tree>,
}

/// A directory of the host that the keeper gets as a descriptor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    /// The directory.
    pub path: PathBuf,
    /// Whether the guest can do without it.
    pub optional: bool,
}

/// One step; targets are absolute paths in the guest, and parents come before children.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// A directory of the host, writable, with the writes going to memory.
    Layer {
        /// Where it appears.
        target: PathBuf,
        /// What is below the writes.
        lower: Lower,
    },
    /// Layers of an image, writable, with the writes going to memory or to a directory that stays.
    Stack {
        /// Where it appears.
        target: PathBuf,
        /// The layers, the base first.
        below: Vec<Lower>,
        /// A directory with `files` and `work`, for writes that stay.
        above: Option<Lower>,
    },
    /// A directory of the host that is the guest's own, writable as it is.
    Own {
        /// Where it appears.
        target: PathBuf,
        /// The directory.
        source: Lower,
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
        /// What it says.
        content: PathBuf,
    },
    /// A copy of a single file of the host.
    File {
        /// Where it appears.
        target: PathBuf,
        /// The file on the host.
        source: Lower,
    },
}

/// What is below the writes of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lower {
    /// A directory, by its path on the host.
    Path(PathBuf),
    /// The tree of this number.
    Tree(usize),
}

impl Step {
    /// Where its effect is, in the guest.
    #[must_use]
    pub fn target(&self) -> &Path {
        match self {
            Self::Layer { target, .. }
            | Self::Stack { target, .. }
            | Self::Own { target, .. }
            | Self::Empty { target, .. }
            | Self::Directory { target, .. }
            | Self::Symlink { target, .. }
            | Self::File { target, .. } => target,
        }
    }
}

impl Plan {
    /// Adds a layer over a directory of the host, at the same path in the guest.
    pub(super) fn layer(&mut self, path: PathBuf, as_tree: bool, optional: bool) {
        let lower = self.lower(path.clone(), as_tree, optional);
        self.steps.push(Step::Layer {
            target: path,
            lower,
        });
    }

    /// A directory of the host, as a tree or by its path.
    pub(super) fn lower(&mut self, path: PathBuf, as_tree: bool, optional: bool) -> Lower {
        if !as_tree {
            return Lower::Path(path);
        }
        self.trees.push(Tree { path, optional });
        Lower::Tree(self.trees.len() - 1)
    }

    /// Adds a file of the host, at another path in the guest.
    pub fn add_file(&mut self, target: PathBuf, source: PathBuf, as_tree: bool) {
        let source = self.lower(source, as_tree, false);
        self.steps.push(Step::File { target, source });
    }
}
