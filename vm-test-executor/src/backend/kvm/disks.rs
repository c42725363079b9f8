//! The files of a VM's disks: its own, in the keeper's directory, or those of a node, which outlive
//! it and come as descriptors. Makes and fills them; starts nothing.

use super::hardware::{BASE, Hardware, Start, TEMPLATE};
use crate::backend::room::ROOM;
use rustix::fs::{FallocateFlags, fallocate};
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The program that makes disk images.
pub const IMAGE_TOOL: &str = "qemu-img";

/// The root disk in a template.
const DISK: &str = "disk.qcow2";

/// An empty disk over a template's own, to be copied.
const BLANK: &str = "blank.qcow2";

/// The first bytes of a disk that is not empty.
const MAGIC: [u8; 4] = *b"QFI\xfb";

/// A file of a disk.
#[derive(Debug)]
pub(super) enum DiskFile {
    /// One that ends with the keeper.
    Path(PathBuf),
    /// One that outlives it.
    Kept(RawFd),
}

/// The files of a VM's disks.
#[derive(Debug, Default)]
pub(super) struct Disks {
    /// The layers of its root disk, the lowest first.
    pub(super) root: Vec<DiskFile>,
    /// Its additional disks.
    pub(super) blank: Vec<DiskFile>,
}

impl Disks {
    /// Makes the disks of a VM; of a node's, `kept` has the layers of the root, then the others.
    pub(super) fn make(hardware: &Hardware, kept: &[OwnedFd]) -> io::Result<Self> {
        if hardware.layers == 0 {
            return Ok(Self {
                root: vec![DiskFile::Path(root_disk(hardware.start)?)],
                blank: blank_disks(&hardware.disks)?,
            });
        }
        let of_node = kept.split_at_checked(hardware.layers);
        let (layers, blank) = of_node.ok_or(io::ErrorKind::NotFound)?;
        for (number, layer) in layers.iter().enumerate() {
            if !is_filled(layer)? {
                fill_first(layer, number == 0 && hardware.start == Start::Boot)?;
            }
        }
        let files = |disks: &[OwnedFd]| {
            let files = disks.iter().map(|disk| DiskFile::Kept(disk.as_raw_fd()));
            files.collect()
        };
        Ok(Self {
            root: files(layers),
            blank: files(blank),
        })
    }
}

/// Makes a layer an empty one over what is below it.
pub(super) fn fill(layer: &OwnedFd) -> io::Result<()> {
    pour(&room().join(TEMPLATE).join(BLANK), layer)
}

/// Empties a layer again.
pub(super) fn empty(layer: &OwnedFd) -> io::Result<()> {
    let length = File::from(layer.try_clone()?).metadata()?.len();
    let hole = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
    Ok(fallocate(layer, hole, 0, length)?)
}

fn is_filled(layer: &OwnedFd) -> io::Result<bool> {
    let mut begin = MAGIC.map(|_| 0);
    File::from(layer.try_clone()?).read_exact_at(&mut begin, 0)?;
    Ok(begin == MAGIC)
}

/// Makes a layer an empty one over the image's disk, or over the template's.
fn fill_first(layer: &OwnedFd, is_over_image: bool) -> io::Result<()> {
    if is_over_image {
        pour(&root_disk(Start::Boot)?, layer)
    } else {
        fill(layer)
    }
}

/// Copies a file to the beginning of a layer, whose length stays: no more may be written to it.
fn pour(source: &Path, layer: &OwnedFd) -> io::Result<()> {
    File::from(layer.try_clone()?).write_all_at(&fs::read(source)?, 0)
}

fn room() -> &'static Path {
    Path::new(ROOM)
}

/// Returns the root disk, which is an overlay over the image's disk or the template's.
fn root_disk(start: Start) -> io::Result<PathBuf> {
    let base = room().join(BASE).join("root.img");
    let template = room().join(TEMPLATE);
    let own = room().join(DISK);
    match start {
        Start::Boot => {
            make_over(&base, "raw", &own)?;
            Ok(own)
        }
        Start::Save => {
            let disk = template.join(DISK);
            make_over(&base, "raw", &disk)?;
            make_over(&disk, "qcow2", &template.join(BLANK))?;
            Ok(disk)
        }
        // A copy of the template's own, which goes on as it was saved.
        Start::Configure => Ok(template.join(DISK)),
        Start::Restore | Start::Ahead | Start::Resume => {
            fs::copy(template.join(BLANK), &own)?;
            Ok(own)
        }
    }
}

/// Makes an empty overlay over another disk.
fn make_over(below: &Path, format: &str, disk: &Path) -> io::Result<()> {
    let output = Command::new(IMAGE_TOOL)
        .args(["create", "-q", "-f", "qcow2", "-F", format, "-b"])
        .arg(below)
        .arg(disk)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| io::Error::new(error.kind(), format!("{IMAGE_TOOL}: {error}")))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(io::Error::other(words.trim().to_owned()));
    }
    Ok(())
}

fn blank_disks(sizes: &[u64]) -> io::Result<Vec<DiskFile>> {
    let make = |(number, &size): (usize, &u64)| {
        let path = room().join(format!("disk{number}.img"));
        File::create(&path)?.set_len(size)?;
        Ok(DiskFile::Path(path))
    };
    sizes.iter().enumerate().map(make).collect()
}
