//! The order that the process in the user's namespaces carries out on an archive: plain data.

use super::limits::Limits;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The kind of an archive, which decides what it may contain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::image) enum Kind {
    /// A root file system.
    Root,
    /// One layer of a root file system, in which some names mark removals from the layers below.
    Layer,
    /// A container for other files, such as a disk image.
    ///
    /// It holds only directories and regular files, whose owners are ignored.
    Plain,
}

/// Where the archive comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::image) enum Feed {
    /// A file on standard input, possibly compressed.
    File,
    /// A pipe on standard input, not compressed.
    Pipe,
    /// A directory that the process packs itself, because only it may read everything in it.
    Directory(PathBuf),
}

/// An order to read an archive to its end, and to unpack it if `into` is set.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::image) struct Order {
    /// The name used in messages.
    pub(in crate::image) name: String,
    /// The kind of the archive.
    pub(in crate::image) kind: Kind,
    /// The source of the archive.
    pub(in crate::image) feed: Feed,
    /// The limits for unpacking.
    pub(in crate::image) limits: Limits,
    /// The layers below, lowest first, relative to the store; `None` if they are not there yet.
    pub(in crate::image) below: Option<Vec<PathBuf>>,
    /// The directory to unpack into, relative to the store; it is created.
    pub(in crate::image) into: Option<PathBuf>,
}

impl Order {
    /// Returns the name used in messages.
    pub(in crate::image) fn name(&self) -> &str {
        &self.name
    }

    /// Returns the directory to unpack into.
    pub(in crate::image) fn into(&self) -> Option<&Path> {
        self.into.as_deref()
    }
}
