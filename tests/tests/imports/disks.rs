//! Bad disks and boxes, refused before any VM opens them: one row each.

use super::archive::Archive;
use super::place::{Place, Row, refuse_imports};

const DAMAGED: &str = "download or make it again; qemu-img check says what is still readable";
const STANDALONE: &str = "make it independent: qemu-img convert -f qcow2 -O qcow2 OLD NEW";

/// Returns an empty valid disk of 1 GiB, version 3, after `change` has damaged it.
pub(crate) fn qcow2(change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    const CLUSTER: usize = 1 << 16;
    let mut disk = vec![0; 4 * CLUSTER];
    disk[..4].copy_from_slice(b"QFI\xfb");
    for (at, number) in [(4, 3u32), (20, 16), (36, 2), (56, 1), (96, 4), (100, 104)] {
        disk[at..at + 4].copy_from_slice(&number.to_be_bytes());
    }
    for (at, number) in [(24, 1u64 << 30), (40, 3 << 16), (48, 1 << 16)] {
        disk[at..at + 8].copy_from_slice(&number.to_be_bytes());
    }
    change(&mut disk);
    disk
}

pub(crate) fn put(disk: &mut [u8], at: usize, number: u64) {
    disk[at..at + 8].copy_from_slice(&number.to_be_bytes());
}

fn disk(place: &Place, change: impl FnOnce(&mut Vec<u8>)) -> String {
    place.write("d.qcow2", qcow2(change))
}

#[test]
fn disks_that_lead_to_other_files_are_refused() {
    refuse_imports(&[
        Row {
            source: |place| {
                disk(place, |disk| {
                    put(disk, 8, 512);
                    disk[16..20].copy_from_slice(&11u32.to_be_bytes());
                    disk[512..523].copy_from_slice(b"/etc/shadow");
                })
            },
            message: "cannot import {}/d.qcow2: the qcow2 disk has a backing file, and vm-test never opens a file that another one refers to",
            hint: STANDALONE,
        },
        Row {
            source: |place| {
                disk(place, |disk| {
                    put(disk, 8, 512);
                    disk[16..20].copy_from_slice(&7u32.to_be_bytes());
                    disk[512..519].copy_from_slice(b"json:{}");
                })
            },
            message: "cannot import {}/d.qcow2: the qcow2 disk has a backing file, and vm-test never opens a file that another one refers to",
            hint: STANDALONE,
        },
        Row {
            source: |place| disk(place, |disk| put(disk, 72, 4)),
            message: "cannot import {}/d.qcow2: the qcow2 disk has an external data file, and vm-test never opens a file that another one refers to",
            hint: STANDALONE,
        },
    ]);
}

#[test]
fn a_file_that_begins_like_something_else_is_named_and_never_opened_as_it_looks() {
    refuse_imports(&[
        Row {
            // As a qcow2 file it would have a backing file.
            source: |place| place.write("d.img", qcow2(|disk| put(disk, 8, 512))),
            message: "cannot import {}/d.img: it is taken for a raw disk, and begins like a qcow2 disk",
            hint: "name the format: qcow2:PATH",
        },
        Row {
            source: |place| place.write("d.raw", b"KDMV"),
            message: "cannot import {}/d.raw: it is taken for a raw disk, and begins like a disk of VMware (vmdk)",
            hint: "convert it: qemu-img convert -f vmdk -O qcow2 OLD NEW",
        },
        Row {
            source: |place| place.write("d.img", b"\xfd7zXZ\0"),
            message: "cannot import {}/d.img: it is taken for a raw disk, and begins like a file compressed by xz",
            hint: "decompress it first: xz -d; an archive is tar:PATH",
        },
        Row {
            source: |place| {
                let archive = Archive::default().entry("old/", 0, "", 0o755, b"");
                place.write("d.img", archive.finish())
            },
            message: "cannot import {}/d.img: it is taken for a raw disk, and begins like a tar archive",
            hint: "name the format: tar:PATH",
        },
        Row {
            source: |place| place.write("d.qcow2", b"vhdxfile"),
            message: "cannot import {}/d.qcow2: it is not a qcow2 disk: it begins like a disk of Hyper-V (vhdx)",
            hint: "convert it: qemu-img convert -f vhdx -O qcow2 OLD NEW",
        },
        Row {
            source: |place| place.write("d.tar.gz", qcow2(|_| {})),
            message: "cannot import {}/d.tar.gz: it is not a tar archive: it begins like a qcow2 disk",
            hint: "name the format: qcow2:PATH",
        },
    ]);
}

#[test]
fn damaged_and_oversized_disks_are_refused() {
    refuse_imports(&[
        Row {
            source: |place| disk(place, |disk| put(disk, 72, 1)),
            message: "cannot import {}/d.qcow2: the qcow2 disk is marked as dirty: it was not closed properly",
            hint: "shut its machine down, or repair it: qemu-img check -f qcow2 -r all DISK",
        },
        Row {
            source: |place| disk(place, |disk| put(disk, 72, 2)),
            message: "cannot import {}/d.qcow2: the qcow2 disk is marked as corrupt",
            hint: DAMAGED,
        },
        Row {
            source: |place| disk(place, |disk| put(disk, 72, 1 << 40)),
            message: "cannot import {}/d.qcow2: the qcow2 disk needs features that are not known: 0x10000000000",
            hint: STANDALONE,
        },
        Row {
            source: |place| disk(place, |disk| disk.truncate(80)),
            message: "cannot import {}/d.qcow2: the qcow2 disk is cut off within its header",
            hint: DAMAGED,
        },
        Row {
            source: |place| disk(place, |disk| disk.truncate(3 << 16)),
            message: "cannot import {}/d.qcow2: the qcow2 disk is cut off: its tables lead beyond its end",
            hint: DAMAGED,
        },
        Row {
            source: |place| disk(place, |disk| put(disk, 3 << 16, 1 << 63 | 1 << 40)),
            message: "cannot import {}/d.qcow2: the qcow2 disk is cut off: its tables lead beyond its end",
            hint: DAMAGED,
        },
        Row {
            source: |place| disk(place, |disk| put(disk, 3 << 16, 1 << 9)),
            message: "cannot import {}/d.qcow2: the qcow2 disk is corrupt: a table of it is not where a cluster begins",
            hint: DAMAGED,
        },
        Row {
            source: |place| {
                disk(place, |disk| {
                    disk[20..24].copy_from_slice(&63u32.to_be_bytes())
                })
            },
            message: "cannot import {}/d.qcow2: the qcow2 disk has clusters of 2^63 bytes, and 2^9 to 2^21 are possible",
            hint: DAMAGED,
        },
        Row {
            source: |place| disk(place, |disk| put(disk, 24, 8 << 60)),
            message: "cannot import {}/d.qcow2: the disk has 8388608 TiB, more than the limit of 20 GiB",
            hint: "if you trust it, raise the limit, as in VM_TEST_IMAGE_LIMIT=40G",
        },
        Row {
            source: |place| disk(place, |disk| put(disk, 24, 10 << 30)),
            message: "cannot import {}/d.qcow2: the qcow2 disk's first table is too short for its size",
            hint: DAMAGED,
        },
        Row {
            source: |place| place.write("d.qcow2", [b'x'; 4096]),
            message: "cannot import {}/d.qcow2: it is not a qcow2 disk",
            hint: "a disk without a format is raw:PATH",
        },
    ]);
}

fn vagrant(place: &Place, metadata: &str, image: &[u8]) -> String {
    let archive = Archive::default()
        .file("./metadata.json", metadata.as_bytes())
        .file("./Vagrantfile", b"abort")
        .file("./box.img", image);
    place.write("m.box", archive.finish())
}

#[test]
fn boxes_are_opened_and_their_disks_checked_like_others() {
    const LIBVIRT: &str = r#"{"provider":"libvirt","format":"qcow2","virtual_size":1}"#;
    refuse_imports(&[
        Row {
            source: |place| vagrant(place, LIBVIRT, &qcow2(|disk| put(disk, 72, 4))),
            message: "cannot import box.img of {}/m.box: the qcow2 disk has an external data file, and vm-test never opens a file that another one refers to",
            hint: STANDALONE,
        },
        Row {
            source: |place| vagrant(place, r#"{"provider":"virtualbox"}"#, b""),
            message: "cannot import {}/m.box: it is a box for the provider `virtualbox`",
            hint: "get the box for provider libvirt",
        },
        Row {
            source: |place| vagrant(place, r#"{"provider":"libvirt"}"#, b""),
            message: "cannot import {}/m.box: its metadata.json does not say what format the disk has",
            hint: "formats are not guessed: add \"format\": \"qcow2\"",
        },
        // The second format, with a list: a single disk is examined, several are refused.
        Row {
            source: |place| {
                vagrant(
                    place,
                    r#"{"provider":"libvirt","disks":[{"path":"box.img"}]}"#,
                    &qcow2(|disk| put(disk, 72, 4)),
                )
            },
            message: "cannot import box.img of {}/m.box: the qcow2 disk has an external data file, and vm-test never opens a file that another one refers to",
            hint: STANDALONE,
        },
        Row {
            source: |place| {
                vagrant(
                    place,
                    r#"{"provider":"libvirt","disks":[{"path":"../../etc/passwd","format":"raw"}]}"#,
                    b"",
                )
            },
            message: "cannot import {}/m.box: its ../../etc/passwd leads out of it",
            hint: "check that it is complete and of this kind",
        },
        Row {
            source: |place| {
                vagrant(
                    place,
                    r#"{"provider":"libvirt","disks":[{"path":"a"},{"path":"b"}]}"#,
                    b"",
                )
            },
            message: "cannot import {}/m.box: it holds 2 disks, and an image is made of one with the root on it",
            hint: "unpack it, and import the disk that has the root: qcow2:PATH",
        },
        Row {
            source: |place| vagrant(place, r#"{"provider":"libvirt","format":"vmdk"}"#, b""),
            message: "cannot import {}/m.box: its metadata.json calls the disk `vmdk`, and only qcow2 and raw are supported",
            hint: "unpack it, and convert its disk: qemu-img convert -f vmdk -O qcow2 OLD NEW",
        },
        Row {
            source: |place| {
                let archive = Archive::default().symlink("./metadata.json", "/etc/passwd");
                place.write("m.box", archive.finish())
            },
            message: "cannot import {}/m.box: unsafe entry `./metadata.json`: it is neither a file nor a directory",
            hint: "pack the files themselves: tar --dereference -C DIRECTORY -c .",
        },
        Row {
            source: |place| {
                place.write("m.box", Archive::default().file("./box.img", b"").finish())
            },
            message: "cannot import {}/m.box: it has no metadata.json",
            hint: "check that it is complete and of this kind",
        },
    ]);
}
