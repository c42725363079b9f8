//! What is on a disk, and the name of its file.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The file of a disk, in its directory.
pub const DISK: &str = "disk.img";

/// One thing on a disk: a directory or a file of the host, which is there under its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    /// What stays on the host, though it is below: directories that are empty on the disk, and files that are.
    pub(super) bare: Vec<PathBuf>,
    pub(super) closed: Vec<PathBuf>,
}
