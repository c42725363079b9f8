//! One step of making a root file system, as data, and what of the host it needs.

use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

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

/// The directory below the writes of a layer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lower {
    /// A directory, by its path on the host.
    Path(PathBuf),
    /// The tree with this index.
    Tree(usize),
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
    pub(super) fn sources(&self) -> Vec<&Lower> {
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
