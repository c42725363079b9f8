//! The disks of a lab's VM: files in memory that outlive it. Bounds them; knows no format.

use super::super::prepare::WRITES;
use crate::keeper::Descriptor;
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, ftruncate, memfd_create};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;

/// How much room a new layer has at least, in bytes.
const LEAST: u64 = 64 << 20;

/// The size of the blocks that `stat` counts.
const BLOCK: u64 = 512;

/// The disks of a VM. A copy has the same files.
#[derive(Clone, Debug)]
pub(super) struct Disks {
    /// Layers of the root disk, the lowest first. Only the uppermost is written to.
    layers: Vec<Arc<OwnedFd>>,
    /// Additional disks.
    others: Vec<Arc<OwnedFd>>,
}

impl Disks {
    /// Returns empty disks, the additional ones of these sizes, in bytes.
    pub(super) fn new(others: &[u64]) -> io::Result<Self> {
        let files = |sizes: &[u64]| -> io::Result<Vec<_>> {
            let files = sizes.iter().map(|&size| bounded(size).map(Arc::new));
            files.collect()
        };
        Ok(Self {
            layers: files(&[WRITES])?,
            others: files(others)?,
        })
    }

    /// Returns how many layers the root disk has.
    pub(super) fn layers(&self) -> usize {
        self.layers.len()
    }

    /// Returns a file for one more layer, with the room that the others leave.
    pub(super) fn new_layer(&self) -> io::Result<OwnedFd> {
        let mut used = 0;
        for layer in &self.layers {
            used += File::from(layer.try_clone()?).metadata()?.blocks() * BLOCK;
        }
        bounded(WRITES.saturating_sub(used).max(LEAST))
    }

    /// Adds a layer above the others, to which nothing is written any more.
    pub(super) fn add(&mut self, layer: OwnedFd) {
        self.layers.push(Arc::new(layer));
    }

    /// Returns the files, as a keeper takes them.
    pub(super) fn descriptors(&self) -> io::Result<Vec<(Descriptor, OwnedFd)>> {
        let all = self.layers.iter().chain(&self.others);
        all.map(|disk| Ok((Descriptor::Disk, disk.try_clone()?)))
            .collect()
    }
}

/// Returns a file in memory of this size, in bytes, which cannot get longer.
pub(super) fn bounded(size: u64) -> io::Result<OwnedFd> {
    let flags = MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING;
    let file = memfd_create(c"vm-test disk", flags)?;
    ftruncate(&file, size)?;
    fcntl_add_seals(&file, SealFlags::GROW | SealFlags::SEAL)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::FileExt;

    #[test]
    fn a_layer_takes_no_more_than_its_size_and_the_next_has_the_room_that_is_left() {
        let mut disks = Disks::new(&[1 << 20]).unwrap();
        let layer = File::from(disks.layers[0].try_clone().unwrap());
        layer.write_all_at(&[1; 1 << 20], 1 << 20).unwrap();
        assert!(layer.write_all_at(&[1], WRITES).is_err());
        let next = disks.new_layer().unwrap();
        let length = File::from(next.try_clone().unwrap()).metadata().unwrap();
        assert_eq!(length.len(), WRITES - (1 << 20));
        disks.add(next);
        assert_eq!(disks.layers(), 2);
        assert_eq!(disks.descriptors().unwrap().len(), 3);
    }
}
