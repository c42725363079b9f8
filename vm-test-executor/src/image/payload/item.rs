//! The contents of a disk, and its file name.

use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The name of the disk file in its directory.
pub const DISK: &str = "disk.img";

/// A directory or file of the host, stored on a disk under its number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Item {
    pub(super) path: PathBuf,
    /// Directories (`bare`) and files (`closed`) below it that are empty on the disk.
    pub(super) bare: Vec<PathBuf>,
    pub(super) closed: Vec<PathBuf>,
}
