//! The header and first table of a qcow2 disk: checks for everything that makes it unsafe to open.
//!
//! Reads a few pages of the file; follows no file name in it.

use crate::image::archive::likeness::{self, Likeness, QCOW2};
use crate::image::archive::refusal::cannot;
use std::fs::File;
use std::os::unix::fs::FileExt;
use vm_test_protocol::failure::Failure;

const MAGIC: &[u8; 4] = b"QFI\xfb";

/// The header length of version 2, and the minimum for version 3.
const SHORT: usize = 72;
const LONG: usize = 104;

/// Incompatible feature bits: dirty, corrupt, external data, compression, extended entries.
const DIRTY: u64 = 1;
const CORRUPT: u64 = 2;
const EXTERNAL: u64 = 4;
const KNOWN: u64 = 0b1_1111;

/// The offset bits of a table entry.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;

/// A problem with a disk: the cause and the hint.
type Fault = (String, &'static str);

const DAMAGED: &str = "download or make it again; qemu-img check says what is still readable";
const STANDALONE: &str = "make it independent: qemu-img convert -f qcow2 -O qcow2 OLD NEW";

/// Checks the header, and returns the size of the disk that the file describes.
pub(super) fn check_header(file: &File, name: &str) -> Result<u64, Failure> {
    if let Some(Likeness { what, cure }) = likeness::of(file).filter(|it| it.what != QCOW2) {
        return Err(cannot(
            name,
            format!("it is not a qcow2 disk: it begins like {what}"),
        )
        .hint(cure));
    }
    let size = read_header(file).and_then(|(header, length)| size(&Header(&header), length));
    size.map_err(|(cause, hint)| cannot(name, cause).hint(hint))
}

/// Checks the tables of a disk with a valid header.
pub(super) fn check_tables(file: &File, name: &str) -> Result<(), Failure> {
    let good =
        read_header(file).and_then(|(header, length)| tables(file, &Header(&header), length));
    good.map_err(|(cause, hint)| cannot(name, cause).hint(hint))
}

fn damaged(cause: &str) -> Fault {
    (cause.to_owned(), DAMAGED)
}

/// Reads the header and the length of the file, which may be shorter.
fn read_header(file: &File) -> Result<([u8; LONG], u64), Fault> {
    let length = file
        .metadata()
        .map_err(|error| damaged(&error.to_string()))?
        .len();
    let mut header = [0; LONG];
    let wanted = usize::try_from(length).unwrap_or(LONG).min(LONG);
    file.read_exact_at(&mut header[..wanted], 0)
        .map_err(|error| damaged(&error.to_string()))?;
    Ok((header, length))
}

fn size(header: &Header<'_>, length: u64) -> Result<u64, Fault> {
    let wanted = usize::try_from(length).unwrap_or(LONG);
    if wanted < 4 || header.0[..4] != *MAGIC {
        return Err((
            "it is not a qcow2 disk".to_owned(),
            "a disk without a format is raw:PATH",
        ));
    }
    let version = header.number(4);
    if !matches!(version, 2 | 3) {
        return Err((
            format!("it is a qcow2 disk of version {version}, and only 2 and 3 are supported"),
            STANDALONE,
        ));
    }
    if wanted < if version == 2 { SHORT } else { LONG } {
        return Err(damaged("the qcow2 disk is cut off within its header"));
    }
    // QEMU would open any file that the header names: a data file by a feature bit, a backing file
    // by an offset.
    let features = if version == 3 { header.long(72) } else { 0 };
    if header.long(8) != 0 || header.number(16) != 0 {
        return Err((
            "the qcow2 disk has a backing file, and vm-test never opens a file that another one \
             refers to"
                .to_owned(),
            STANDALONE,
        ));
    }
    if features & EXTERNAL != 0 {
        return Err((
            "the qcow2 disk has an external data file, and vm-test never opens a file that another \
             one refers to"
                .to_owned(),
            STANDALONE,
        ));
    }
    if features & CORRUPT != 0 {
        return Err(damaged("the qcow2 disk is marked as corrupt"));
    }
    if features & DIRTY != 0 {
        return Err((
            "the qcow2 disk is marked as dirty: it was not closed properly".to_owned(),
            "shut its machine down, or repair it: qemu-img check -f qcow2 -r all DISK",
        ));
    }
    if features & !KNOWN != 0 {
        return Err((
            format!(
                "the qcow2 disk needs features that are not known: {:#x}",
                features & !KNOWN
            ),
            STANDALONE,
        ));
    }
    if header.number(32) != 0 {
        return Err(("the qcow2 disk is encrypted".to_owned(), STANDALONE));
    }
    Ok(header.long(24))
}

/// Checks that the tables, and the clusters that the first table refers to, are inside the file.
fn tables(file: &File, header: &Header<'_>, length: u64) -> Result<(), Fault> {
    let cut = || {
        (
            "the qcow2 disk is cut off: its tables lead beyond its end".to_owned(),
            DAMAGED,
        )
    };
    let bits = header.number(20);
    if !(9..=21).contains(&bits) {
        return Err((
            format!("the qcow2 disk has clusters of 2^{bits} bytes, and 2^9 to 2^21 are possible"),
            DAMAGED,
        ));
    }
    let cluster = 1u64 << bits;
    let within = |offset: u64, size: u64| offset.checked_add(size).is_some_and(|end| end <= length);
    let references = u64::from(header.number(56)).saturating_mul(cluster);
    if !within(header.long(48), references) {
        return Err(cut());
    }
    let entries = u64::from(header.number(36));
    let offset = header.long(40);
    if !within(offset, entries * 8) {
        return Err(cut());
    }
    // Each L1 entry refers to an L2 table of one cluster, which covers this many bytes of the disk.
    let covered = u128::from(cluster) * u128::from(cluster / 8) * u128::from(entries);
    if covered < u128::from(header.long(24)) {
        return Err((
            "the qcow2 disk's first table is too short for its size".to_owned(),
            DAMAGED,
        ));
    }
    let mut position = offset;
    let end = offset + entries * 8;
    let mut page = [0; 4096];
    while position < end {
        let count = usize::try_from(end - position)
            .unwrap_or(page.len())
            .min(page.len());
        file.read_exact_at(&mut page[..count], position)
            .map_err(|_| cut())?;
        for entry in page[..count].as_chunks::<8>().0 {
            let second = u64::from_be_bytes(*entry) & OFFSET;
            if !second.is_multiple_of(cluster) {
                return Err((
                    "the qcow2 disk is corrupt: a table of it is not where a cluster begins"
                        .to_owned(),
                    DAMAGED,
                ));
            }
            if second != 0 && !within(second, cluster) {
                return Err(cut());
            }
        }
        position += count as u64;
    }
    Ok(())
}

struct Header<'a>(&'a [u8; LONG]);

impl Header<'_> {
    fn number(&self, at: usize) -> u32 {
        u32::from_be_bytes([self.0[at], self.0[at + 1], self.0[at + 2], self.0[at + 3]])
    }

    fn long(&self, at: usize) -> u64 {
        u64::from(self.number(at)) << 32 | u64::from(self.number(at + 4))
    }
}

#[cfg(test)]
mod tests;
