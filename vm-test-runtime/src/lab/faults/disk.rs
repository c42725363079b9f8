//! File systems that are full, small, or read-only.

use super::error::{NodeFaultError, or_panic};
use super::place::NodeFaults;
use super::standing::NodeFault;
use vm_test_protocol::node_fault::NodeFault as Wanted;

impl NodeFaults {
    /// Fills the file system of a path until so many bytes are left, for root as for others.
    ///
    /// What is deleted meanwhile makes room again.
    ///
    /// # Panics
    /// If it cannot be filled: see [`NodeFaults::try_disk_full`].
    #[track_caller]
    pub fn disk_full(&self, path: impl Into<String>, left: u64) -> NodeFault {
        or_panic(self.try_disk_full(path, left))
    }

    /// Fills the file system of a path, as [`NodeFaults::disk_full`] does.
    ///
    /// # Errors
    /// If there is no such path, or the file system is in the guest's memory, as that of a
    /// container's root is, and more than half of that would be needed. Use
    /// [`NodeFaults::small_disk`] then.
    pub fn try_disk_full(
        &self,
        path: impl Into<String>,
        left: u64,
    ) -> Result<NodeFault, NodeFaultError> {
        let path = path.into();
        self.begin(Wanted::FullDisk { path, left })
    }

    /// Mounts an empty file system of this size over a directory, with the same owner and
    /// permissions. It is in the guest's memory.
    ///
    /// At the end it is unmounted, and what was in the directory is there again.
    ///
    /// # Panics
    /// If there is no such directory: see [`NodeFaults::try_small_disk`].
    #[track_caller]
    pub fn small_disk(&self, directory: impl Into<String>, size: u64) -> NodeFault {
        or_panic(self.try_small_disk(directory, size))
    }

    /// Mounts a small file system, as [`NodeFaults::small_disk`] does.
    ///
    /// # Errors
    /// If there is no such directory.
    pub fn try_small_disk(
        &self,
        directory: impl Into<String>,
        size: u64,
    ) -> Result<NodeFault, NodeFaultError> {
        let path = directory.into();
        self.begin(Wanted::SmallDisk { path, size })
    }

    /// Makes everything at or below a path read-only: writes fail with EROFS.
    ///
    /// If something is mounted at the path, that mount becomes read-only. Otherwise a read-only one
    /// comes over it, which only programs notice that open their files by paths from outside.
    ///
    /// # Panics
    /// If a program uses the path: see [`NodeFaults::try_read_only`].
    #[track_caller]
    pub fn read_only(&self, path: impl Into<String>) -> NodeFault {
        or_panic(self.try_read_only(path))
    }

    /// Makes a path read-only, as [`NodeFaults::read_only`] does.
    ///
    /// # Errors
    /// If a program has a file there open for writing, or works in a directory there and would not
    /// notice: the error names it.
    pub fn try_read_only(&self, path: impl Into<String>) -> Result<NodeFault, NodeFaultError> {
        let path = path.into();
        self.begin(Wanted::ReadOnly { path })
    }
}
