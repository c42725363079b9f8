//! A disk whose requests fail while a test wants it.

use super::error::{NodeFaultError, or_panic};
use super::place::NodeFaults;
use super::standing::NodeFault;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::node_fault::NodeFault as Wanted;
use vm_test_protocol::tool::{Ask, Told};

/// A disk with a file system, whose requests fail while a [`FailingDisk`] lasts. Dropped, it is
/// unmounted.
#[derive(Debug)]
#[must_use = "the disk is unmounted when this is dropped"]
pub struct FaultyDisk {
    fault: NodeFault,
}

/// A disk whose requests fail until this is dropped.
#[derive(Debug)]
#[must_use = "the disk is whole again when this is dropped"]
pub struct FailingDisk<'a> {
    disk: &'a FaultyDisk,
    /// How many requests had failed before.
    before: u64,
}

impl NodeFaults {
    /// Mounts an empty disk of this size over a directory, with the same owner and permissions. It
    /// works until [`FaultyDisk::fail`] is called.
    ///
    /// At the end it is unmounted, and what was in the directory is there again.
    ///
    /// # Panics
    /// If this is a container, among others: see [`NodeFaults::try_faulty_disk`].
    #[track_caller]
    pub fn faulty_disk(&self, directory: impl Into<String>, size: u64) -> FaultyDisk {
        or_panic(self.try_faulty_disk(directory, size))
    }

    /// Mounts a disk that can fail, as [`NodeFaults::faulty_disk`] does.
    ///
    /// # Errors
    /// If this is a container, which has no block devices of its own, the kernel has no network
    /// block devices, the image lacks `mke2fs`, or there is no such directory.
    pub fn try_faulty_disk(
        &self,
        directory: impl Into<String>,
        size: u64,
    ) -> Result<FaultyDisk, NodeFaultError> {
        let path = directory.into();
        let fault = self.begin(Wanted::FaultyDisk { path, size })?;
        Ok(FaultyDisk { fault })
    }
}

impl FaultyDisk {
    /// Has all requests fail with EIO, until the guard is dropped.
    ///
    /// What the kernel has in memory it does not read again, except that this has it forget what
    /// can be forgotten.
    ///
    /// # Panics
    /// If the node cannot be used.
    #[track_caller]
    pub fn fail(&self) -> FailingDisk<'_> {
        self.failing(true, true)
    }

    /// Has reads fail with EIO, until the guard is dropped; see [`FaultyDisk::fail`].
    ///
    /// # Panics
    /// If the node cannot be used.
    #[track_caller]
    pub fn fail_reads(&self) -> FailingDisk<'_> {
        self.failing(true, false)
    }

    /// Has writes fail with EIO, until the guard is dropped.
    ///
    /// A program learns of it when it synchronises a file.
    ///
    /// # Panics
    /// If the node cannot be used.
    #[track_caller]
    pub fn fail_writes(&self) -> FailingDisk<'_> {
        self.failing(false, true)
    }

    /// Unmounts the disk: when this returns, the directory is as it was before.
    ///
    /// # Panics
    /// If something else is mounted there.
    #[track_caller]
    pub fn end(self) {
        self.fault.end();
    }

    #[track_caller]
    fn failing(&self, reads: bool, writes: bool) -> FailingDisk<'_> {
        let before = or_panic(self.set(reads, writes));
        FailingDisk { disk: self, before }
    }

    /// Has requests fail or not; returns how many have failed so far.
    fn set(&self, reads: bool, writes: bool) -> Result<u64, NodeFaultError> {
        match self.fault.ask(&Ask::Fail { reads, writes })? {
            Told::Requests(count) => Ok(count),
            other => {
                let words = format!("cannot use the faulty disk: it answered {other:?}");
                Err(Failure::new(words).into())
            }
        }
    }
}

impl FailingDisk<'_> {
    /// Ends it, and returns how many requests have failed meanwhile.
    ///
    /// # Panics
    /// If the node cannot be used.
    #[track_caller]
    pub fn end(self) -> u64 {
        let count = or_panic(self.disk.set(false, false));
        let failed = count.saturating_sub(self.before);
        std::mem::forget(self);
        failed
    }
}

impl Drop for FailingDisk<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.disk.set(false, false) {
            eprintln!("vm-test: warning: {error}");
        }
    }
}
