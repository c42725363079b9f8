//! Tables that cover the disk and are inside the file, and tables that do not or are not.

use super::*;

#[test]
fn a_size_that_the_first_table_does_not_cover_is_refused() {
    for size in [0, 1, COVERED] {
        assert_eq!(disk(3).long(SIZE, size).checked(), Ok(size));
    }
    for size in [COVERED + 1, u64::MAX] {
        let large = disk(3).long(SIZE, size);
        assert_eq!(check_header(&large.file(), "d"), Ok(size));
        large.refused(
            "the qcow2 disk's first table is too short for its size",
            DAMAGED,
        );
    }
}

#[test]
fn clusters_are_between_the_smallest_and_the_largest_that_there_are() {
    for bits in [0, 8, 22, 32, u32::MAX] {
        disk(3).number(CLUSTER_BITS, bits).refused(
            &format!("the qcow2 disk has clusters of 2^{bits} bytes, and 2^9 to 2^21 are possible"),
            DAMAGED,
        );
    }
    let largest = disk(3).number(CLUSTER_BITS, 21);
    let file = largest
        .long(FIRST_OFFSET, 1 << 21)
        .long(REFERENCES_OFFSET, 2 << 21)
        .file();
    file.set_len(3 << 21).unwrap();
    assert_eq!(check_tables(&file, "d"), Ok(()));
    file.set_len((3 << 21) - 1).unwrap();
    assert!(check_tables(&file, "d").is_err());
}

#[test]
fn a_table_that_leads_beyond_the_end_is_refused() {
    let cause = "the qcow2 disk is cut off: its tables lead beyond its end";
    let first = usize::try_from(FIRST).unwrap();
    for (what, disk) in [
        ("the file is one byte short", disk(3).cut(LENGTH - 1)),
        ("a second table", disk(3).long(first, LENGTH)),
        ("the last possible one", disk(3).long(first, OFFSET)),
        ("the first table", disk(3).long(FIRST_OFFSET, LENGTH)),
        (
            "the end of the first table",
            disk(3).long(FIRST_OFFSET, LENGTH - 7),
        ),
        (
            "a first table behind all numbers",
            disk(3).long(FIRST_OFFSET, u64::MAX),
        ),
        (
            "the largest first table",
            disk(3).number(FIRST_ENTRIES, u32::MAX),
        ),
        (
            "counts of references",
            disk(3).long(REFERENCES_OFFSET, LENGTH - CLUSTER + 1),
        ),
        (
            "counts of references behind all numbers",
            disk(3).long(REFERENCES_OFFSET, u64::MAX),
        ),
        (
            "the largest counts of references",
            disk(3).number(REFERENCES_CLUSTERS, u32::MAX),
        ),
    ] {
        let failure = disk.checked().expect_err(what);
        assert_eq!(
            failure.message,
            format!("cannot import d.qcow2: {cause}"),
            "{what}"
        );
        assert_eq!(failure.hint.as_deref(), Some(DAMAGED), "{what}");
    }
}

#[test]
fn a_second_table_begins_where_a_cluster_does() {
    // An entry's lowest nine bits are not part of the offset, so only larger clusters can be
    // misaligned.
    let bits = BITS + 1;
    let first = usize::try_from(FIRST).unwrap();
    let large = disk(3).number(CLUSTER_BITS, bits);
    let good = large.clone().long(first, 2 << BITS);
    assert_eq!(good.checked(), Ok(COVERED));
    large.long(first, 1 << BITS).refused(
        "the qcow2 disk is corrupt: a table of it is not where a cluster begins",
        DAMAGED,
    );
}

#[test]
fn every_entry_of_a_long_first_table_is_looked_at() {
    // More entries than are read at once.
    let entries = 1000;
    let mut long = disk(3).number(FIRST_ENTRIES, entries);
    let end = usize::try_from(FIRST).unwrap() + usize::try_from(entries).unwrap() * 8;
    long.0.resize(end, 0);
    assert_eq!(long.checked(), Ok(COVERED));
    let beyond = (end as u64).next_multiple_of(CLUSTER);
    long.long(end - 8, beyond).refused(
        "the qcow2 disk is cut off: its tables lead beyond its end",
        DAMAGED,
    );
}
