//! Headers of both versions, as specified: valid ones, and each reason for a refusal.

use super::*;
use std::io::Write;

mod tables;

/// The smallest cluster size, in bits and in bytes.
const BITS: u32 = 9;
const CLUSTER: u64 = 1 << BITS;

/// How much one L1 entry covers with such clusters: an L2 table is one cluster of 8-byte entries.
const COVERED: u64 = CLUSTER / 8 * CLUSTER;

/// The offsets of the parts of [`disk`].
const REFERENCES: u64 = CLUSTER;
const FIRST: u64 = 2 * CLUSTER;
const SECOND: u64 = 3 * CLUSTER;
const LENGTH: u64 = 4 * CLUSTER;

/// The offsets of header fields.
const VERSION: usize = 4;
const BACKING_OFFSET: usize = 8;
const BACKING_LENGTH: usize = 16;
const CLUSTER_BITS: usize = 20;
const SIZE: usize = 24;
const ENCRYPTION: usize = 32;
const FIRST_ENTRIES: usize = 36;
const FIRST_OFFSET: usize = 40;
const REFERENCES_OFFSET: usize = 48;
const REFERENCES_CLUSTERS: usize = 56;
const SNAPSHOTS: usize = 60;
const SNAPSHOTS_OFFSET: usize = 64;
const INCOMPATIBLE: usize = 72;
const COMPATIBLE: usize = 80;
const AUTOCLEAR: usize = 88;

/// The bytes of a disk file, with methods that change them.
#[derive(Clone)]
struct Disk(Vec<u8>);

impl Disk {
    fn number(mut self, at: usize, number: u32) -> Self {
        self.0[at..at + 4].copy_from_slice(&number.to_be_bytes());
        self
    }

    fn long(mut self, at: usize, number: u64) -> Self {
        self.0[at..at + 8].copy_from_slice(&number.to_be_bytes());
        self
    }

    fn cut(mut self, length: u64) -> Self {
        self.0.truncate(usize::try_from(length).unwrap());
        self
    }

    fn file(&self) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&self.0).unwrap();
        file
    }

    /// Checks the header, then the tables, as an import does.
    fn checked(&self) -> Result<u64, Failure> {
        let file = self.file();
        let size = check_header(&file, "d.qcow2")?;
        check_tables(&file, "d.qcow2").map(|()| size)
    }

    #[track_caller]
    fn refused(&self, cause: &str, hint: &str) {
        let failure = self.checked().unwrap_err();
        assert_eq!(
            failure.message,
            format!("cannot import d.qcow2: {cause}"),
            "{failure:?}"
        );
        assert_eq!(failure.hint.as_deref(), Some(hint));
    }
}

/// Builds a disk with an L1 table of one entry; the disk is as large as that entry covers.
///
/// The header, the reference counts, the L1 table and the L2 table take one cluster each.
fn disk(version: u32) -> Disk {
    let mut bytes = vec![0; usize::try_from(LENGTH).unwrap()];
    bytes[..4].copy_from_slice(MAGIC);
    Disk(bytes)
        .number(VERSION, version)
        .number(CLUSTER_BITS, BITS)
        .long(SIZE, COVERED)
        .number(FIRST_ENTRIES, 1)
        .long(FIRST_OFFSET, FIRST)
        .long(REFERENCES_OFFSET, REFERENCES)
        .number(REFERENCES_CLUSTERS, 1)
        .long(usize::try_from(FIRST).unwrap(), SECOND)
}

#[test]
fn a_good_disk_of_either_version_gives_its_size() {
    for version in [2, 3] {
        assert_eq!(disk(version).checked(), Ok(COVERED), "{version}");
        // A disk to which nothing has been written.
        let first = usize::try_from(FIRST).unwrap();
        let empty = disk(version).long(first, 0);
        assert_eq!(empty.checked(), Ok(COVERED), "{version}");
        // The highest bit of an entry means that the cluster has exactly one reference.
        let own = disk(version).long(first, 1 << 63 | SECOND);
        assert_eq!(own.checked(), Ok(COVERED), "{version}");
    }
}

#[test]
fn another_version_is_refused() {
    for version in [0, 1, 4, u32::MAX] {
        disk(version).refused(
            &format!("it is a qcow2 disk of version {version}, and only 2 and 3 are supported"),
            STANDALONE,
        );
    }
}

#[test]
fn a_backing_file_is_refused_by_its_offset_and_by_its_length() {
    let cause = "the qcow2 disk has a backing file, and vm-test never opens a file that another \
                 one refers to";
    for version in [2, 3] {
        disk(version)
            .long(BACKING_OFFSET, 112)
            .number(BACKING_LENGTH, 11)
            .refused(cause, STANDALONE);
        disk(version)
            .long(BACKING_OFFSET, 1 << 32)
            .refused(cause, STANDALONE);
        disk(version)
            .number(BACKING_LENGTH, 1)
            .refused(cause, STANDALONE);
    }
}

#[test]
fn both_kinds_of_encryption_are_refused() {
    for kind in [1, 2] {
        for version in [2, 3] {
            disk(version)
                .number(ENCRYPTION, kind)
                .refused("the qcow2 disk is encrypted", STANDALONE);
        }
    }
}

#[test]
fn a_disk_with_snapshots_is_taken_as_it_is_now() {
    for version in [2, 3] {
        let with = disk(version)
            .number(SNAPSHOTS, 3)
            .long(SNAPSHOTS_OFFSET, SECOND);
        assert_eq!(with.checked(), Ok(COVERED));
    }
}

#[test]
fn features_that_lead_elsewhere_or_say_that_something_is_wrong_are_refused() {
    for (features, cause, hint) in [
        (
            EXTERNAL,
            "the qcow2 disk has an external data file, and vm-test never opens a file that another \
             one refers to",
            STANDALONE,
        ),
        (
            CORRUPT | DIRTY,
            "the qcow2 disk is marked as corrupt",
            DAMAGED,
        ),
        (
            DIRTY,
            "the qcow2 disk is marked as dirty: it was not closed properly",
            "shut its machine down, or repair it: qemu-img check -f qcow2 -r all DISK",
        ),
        (
            1 << 5,
            "the qcow2 disk needs features that are not known: 0x20",
            STANDALONE,
        ),
        (
            1 << 63 | KNOWN & !(DIRTY | CORRUPT | EXTERNAL),
            "the qcow2 disk needs features that are not known: 0x8000000000000000",
            STANDALONE,
        ),
    ] {
        disk(3).long(INCOMPATIBLE, features).refused(cause, hint);
    }
}

#[test]
fn compression_long_entries_and_features_that_readers_may_ignore_are_allowed() {
    let compressed = disk(3).long(INCOMPATIBLE, 0b1_1000);
    assert_eq!(compressed.checked(), Ok(COVERED));
    let ignored = disk(3).long(COMPATIBLE, u64::MAX).long(AUTOCLEAR, u64::MAX);
    assert_eq!(ignored.checked(), Ok(COVERED));
}

#[test]
fn version_2_has_no_features_and_what_is_in_their_place_is_not_read() {
    let disk = disk(2).long(INCOMPATIBLE, u64::MAX);
    assert_eq!(disk.checked(), Ok(COVERED));
}

#[test]
fn a_file_that_ends_within_the_header_is_refused() {
    let none = "it is not a qcow2 disk";
    let cut = "the qcow2 disk is cut off within its header";
    for length in 0..4 {
        disk(2)
            .cut(length)
            .refused(none, "a disk without a format is raw:PATH");
    }
    for (version, shortest) in [(2, SHORT as u64), (3, LONG as u64)] {
        for length in [8, shortest - 1] {
            disk(version).cut(length).refused(cut, DAMAGED);
        }
        let whole = disk(version).cut(shortest).file();
        assert_eq!(check_header(&whole, "d"), Ok(COVERED), "{version}");
    }
}

#[test]
fn a_file_that_is_something_else_is_named() {
    let mut other = disk(3);
    other.0[..8].copy_from_slice(b"vhdxfile");
    other.refused(
        "it is not a qcow2 disk: it begins like a disk of Hyper-V (vhdx)",
        "convert it: qemu-img convert -f vhdx -O qcow2 OLD NEW",
    );
    other.0[..8].copy_from_slice(b"\xebc\x90\0\0\0\0\0");
    other.refused(
        "it is not a qcow2 disk",
        "a disk without a format is raw:PATH",
    );
}
