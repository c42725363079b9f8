//! Recognises a file format by its first bytes.
//!
//! For messages only: a file is read only in the format that its name or the user gives.

use super::header::{BLOCK, Header};
use std::fs::File;
use std::os::unix::fs::FileExt;

/// The one disk format that is supported besides raw.
pub(in crate::image) const QCOW2: &str = "a qcow2 disk";

/// The format of archives of root file systems.
pub(super) const TAR: &str = "a tar archive";

/// How many bytes of a file are inspected.
const HEAD: usize = 33_000;

/// Known formats: offset, magic bytes, description and hint.
const KNOWN: [(usize, &[u8], &str, &str); 20] = [
    (0, b"QFI\xfb", QCOW2, "name the format: qcow2:PATH"),
    (
        0,
        b"KDMV",
        "a disk of VMware (vmdk)",
        "convert it: qemu-img convert -f vmdk -O qcow2 OLD NEW",
    ),
    (
        0,
        b"# Disk DescriptorFile",
        "a description of a disk of VMware (vmdk)",
        "convert it: qemu-img convert -f vmdk -O qcow2 OLD NEW",
    ),
    (
        64,
        b"\x7f\x10\xda\xbe",
        "a disk of VirtualBox (vdi)",
        "convert it: qemu-img convert -f vdi -O qcow2 OLD NEW",
    ),
    (
        0,
        b"vhdxfile",
        "a disk of Hyper-V (vhdx)",
        "convert it: qemu-img convert -f vhdx -O qcow2 OLD NEW",
    ),
    (
        0,
        b"conectix",
        "a disk of Virtual PC (vhd)",
        "convert it: qemu-img convert -f vpc -O qcow2 OLD NEW",
    ),
    (
        0,
        b"QED\0",
        "a qed disk",
        "convert it: qemu-img convert -f qed -O qcow2 OLD NEW",
    ),
    (
        0,
        b"Withou",
        "a disk of Parallels",
        "convert it: qemu-img convert -f parallels -O qcow2 OLD NEW",
    ),
    (
        0,
        b"\x1f\x8b",
        "a file compressed by gzip",
        "decompress it first: gzip -d; an archive is tar:PATH",
    ),
    (
        0,
        b"\xfd7zXZ\0",
        "a file compressed by xz",
        "decompress it first: xz -d; an archive is tar:PATH",
    ),
    (
        0,
        b"\x28\xb5\x2f\xfd",
        "a file compressed by zstd",
        "decompress it first: zstd -d; an archive is tar:PATH",
    ),
    (
        0,
        b"BZh",
        "a file compressed by bzip2",
        "decompress it first: bzip2 -d",
    ),
    (
        0,
        b"\x04\x22\x4d\x18",
        "a file compressed by lz4",
        "decompress it first: lz4 -d",
    ),
    (
        0,
        b"LZIP",
        "a file compressed by lzip",
        "decompress it first: lzip -d",
    ),
    (
        0,
        b"\x5d\0\0",
        "a file compressed by lzma",
        "decompress it first: xz -d --format=lzma",
    ),
    (0, b"PK\x03\x04", "a zip archive", "unpack it first: unzip"),
    (
        0,
        b"7z\xbc\xaf\x27\x1c",
        "a 7z archive",
        "unpack it first: 7z x",
    ),
    (
        0,
        b"hsqs",
        "a squashfs file system",
        "unpack it first: unsquashfs; a directory is dir:PATH",
    ),
    (257, b"ustar", TAR, "name the format: tar:PATH"),
    (
        32_769,
        b"CD001",
        "a medium of the kind ISO 9660",
        "an installation medium contains no installed system: use an image of an installed one",
    ),
];

/// The signature at the end of the first sector of a partitioned disk.
const PARTITIONS: (usize, &[u8]) = (510, b"\x55\xaa");

/// What a file looks like, and the hint for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::image) struct Likeness {
    pub(in crate::image) what: &'static str,
    pub(in crate::image) cure: &'static str,
}

/// Returns what this file looks like, if it is recognised.
pub(in crate::image) fn of(file: &File) -> Option<Likeness> {
    let mut head = vec![0; HEAD];
    let mut length = 0;
    while let Ok(more @ 1..) = file.read_at(&mut head[length..], length as u64) {
        length += more;
    }
    of_head(&head[..length])
}

fn of_head(head: &[u8]) -> Option<Likeness> {
    let begins = |at: usize, magic: &[u8]| head.get(at..).is_some_and(|it| it.starts_with(magic));
    let found = KNOWN.iter().find(|(at, magic, ..)| begins(*at, magic));
    if let Some(&(_, _, what, cure)) = found {
        return Some(Likeness { what, cure });
    }
    // The oldest tar format has no magic bytes, only the header checksum.
    let block = head.first_chunk::<BLOCK>();
    let is_tar = block.is_some_and(|block| block[0] != 0 && Header(block).is_right());
    is_tar.then_some(Likeness {
        what: TAR,
        cure: "name the format: tar:PATH",
    })
}

/// Returns whether it begins like a partitioned disk.
pub(super) fn has_partitions(file: &File) -> bool {
    let (at, magic) = PARTITIONS;
    let mut found = [0; 2];
    file.read_exact_at(&mut found, at as u64).is_ok() && found == magic
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_file_begins_like_is_named() {
        for (head, expected) in [
            (&b"QFI\xfb\0\0"[..], Some("a qcow2 disk")),
            (b"vhdxfile", Some("a disk of Hyper-V (vhdx)")),
            (b"", None),
            (&[0; 4096], None),
        ] {
            assert_eq!(of_head(head).map(|it| it.what), expected);
        }
        let mut vdi = vec![b'<'; 64];
        vdi.extend(b"\x7f\x10\xda\xbe");
        assert_eq!(of_head(&vdi).unwrap().what, "a disk of VirtualBox (vdi)");
    }
}
