//! What the process in the user's namespaces is told about a foreign archive: plain data.

use super::limits::Limits;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// What an archive is, which decides what it may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::image) enum Kind {
    /// A root file system.
    Root,
    /// One layer of a root file system, in which names can stand for what is removed from the layers below.
    Layer,
    /// A box for other files, such as a disk: directories and regular files only, whoever they belong to.
    Plain,
}

/// Where the archive comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::image) enum Feed {
    /// A file, which is standard input, maybe compressed.
    File,
    /// A pipe, which is standard input, not compressed.
    Pipe,
    /// A directory that the process packs itself, because only it may read all of it.
    Directory(PathBuf),
}

/// Reads an archive to its end, and unpacks it if it is said where.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::image) struct Order {
    /// What to call it when something is wrong with it.
    pub(in crate::image) name: String,
    /// What it is.
    pub(in crate::image) kind: Kind,
    /// Where it comes from.
    pub(in crate::image) feed: Feed,
    /// How much of it there may be.
    pub(in crate::image) limits: Limits,
    /// The layers that it lies on, the lowest first, relative to the store, if they are there already.
    pub(in crate::image) below: Option<Vec<PathBuf>>,
    /// The directory to unpack into, relative to the store; it is made.
    pub(in crate::image) into: Option<PathBuf>,
}

impl Order {
    /// What to call the archive.
    pub(in crate::image) fn name(&self) -> &str {
        &self.name
    }

    /// The directory to unpack into.
    pub(in crate::image) fn into(&self) -> Option<&Path> {
        self.into.as_deref()
    }
}
