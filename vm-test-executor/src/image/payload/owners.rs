//! Fixes the owners of files on a disk that was made in a user namespace.
//!
//! Files of an id that the namespace does not map appear there as `nobody`'s, and would belong to
//! the guest's real `nobody` user in the VM. Of ext4, knows where the inodes are as `mke2fs` lays
//! them out here: in the order of groups, without checksums.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// The overflow id, which the kernel shows for unmapped ids.
const OVERFLOW: u32 = 65_534;

/// The superblock's offset, and the offsets of its fields.
const SUPERBLOCK: u64 = 1024;
const INODES: usize = 0;
const FIRST_BLOCK: usize = 20;
const BLOCK_SIZE: usize = 24;
const PER_GROUP: usize = 40;
const MAGIC: usize = 56;
const INODE_SIZE: usize = 88;
const INCOMPATIBLE: usize = 96;
const COMPATIBLE_TO_READ: usize = 100;
const DESCRIPTOR_SIZE: usize = 254;

/// Feature flags: scattered group descriptors, 64-byte descriptors, and metadata checksums.
const SCATTERED: u32 = 0x10;
const LONG: u32 = 0x80;
const METADATA_CSUM: u32 = 0x400;

/// Offsets in a group descriptor of the inode table's block number.
const TABLE: usize = 0x08;
const TABLE_HIGH: usize = 0x28;

/// Offsets in an inode of its mode, and of the halves of its ids.
const MODE: usize = 0;
const USER: [usize; 2] = [0x02, 0x78];
const GROUP: [usize; 2] = [0x18, 0x7a];

/// How many bytes of an inode are read.
const INODE: usize = 128;

const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;

/// Gives root everything that belongs to `nobody`.
///
/// # Errors
/// If the file system does not have the expected layout.
pub(super) fn give_to_root(disk: &File) -> io::Result<()> {
    let mut head = [0; 1024];
    disk.read_exact_at(&mut head, SUPERBLOCK)?;
    let features = number(&head, INCOMPATIBLE);
    let is_known = short(&head, MAGIC) == 0xef53
        && features & SCATTERED == 0
        && number(&head, COMPATIBLE_TO_READ) & METADATA_CSUM == 0;
    let size = short(&head, INODE_SIZE) as usize;
    let per_group = number(&head, PER_GROUP);
    if !is_known || size < INODE || per_group == 0 {
        return Err(io::Error::other(
            "mke2fs made a file system with an unexpected layout",
        ));
    }
    let block = 1024_u64 << number(&head, BLOCK_SIZE).min(6);
    let is_long = features & LONG != 0;
    let descriptor = if is_long {
        u64::from(short(&head, DESCRIPTOR_SIZE)).max(64)
    } else {
        32
    };
    let descriptors = (u64::from(number(&head, FIRST_BLOCK)) + 1) * block;
    let mut table = vec![0; per_group as usize * size];
    for group in 0..number(&head, INODES) / per_group {
        let mut words = [0; 64];
        let words = &mut words[..if is_long { 64 } else { 32 }];
        disk.read_exact_at(words, descriptors + u64::from(group) * descriptor)?;
        let high = if is_long {
            number(words, TABLE_HIGH)
        } else {
            0
        };
        let place = (u64::from(high) << 32 | u64::from(number(words, TABLE))) * block;
        disk.read_exact_at(&mut table, place)?;
        for (inode, at) in table.chunks_exact_mut(size).zip((place..).step_by(size)) {
            if change(inode) {
                disk.write_all_at(&inode[..INODE], at)?;
            }
        }
    }
    Ok(())
}

/// Gives an inode to root if it belongs to `nobody`; returns whether it did.
fn change(inode: &mut [u8]) -> bool {
    let mut lost = 0;
    for (places, right) in [(USER, 0o4000), (GROUP, 0o2000)] {
        let [low, high] = places.map(|place| short(inode, place));
        if low | high << 16 == OVERFLOW {
            for place in places {
                set_short(inode, place, 0);
            }
            lost |= right;
        }
    }
    let mode = short(inode, MODE);
    // A set-id program of another user must not become set-id root.
    if mode & TYPE == REGULAR {
        set_short(inode, MODE, mode & !lost);
    }
    lost != 0
}

fn short(bytes: &[u8], at: usize) -> u32 {
    u32::from(bytes[at]) | u32::from(bytes[at + 1]) << 8
}

fn number(bytes: &[u8], at: usize) -> u32 {
    short(bytes, at) | short(bytes, at + 2) << 16
}

fn set_short(bytes: &mut [u8], at: usize, value: u32) {
    let [low, high, ..] = value.to_le_bytes();
    bytes[at] = low;
    bytes[at + 1] = high;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns whether an inode was changed, and its mode, user and group afterwards.
    fn changed(mode: u32, user: u32, group: u32) -> (bool, [u32; 3]) {
        let mut inode = [0; 256];
        set_short(&mut inode, MODE, mode);
        for (places, id) in [(USER, user), (GROUP, group)] {
            set_short(&mut inode, places[0], id & 0xffff);
            set_short(&mut inode, places[1], id >> 16);
        }
        let is_changed = change(&mut inode);
        let id = |[low, high]: [usize; 2]| short(&inode, low) | short(&inode, high) << 16;
        (is_changed, [short(&inode, MODE), id(USER), id(GROUP)])
    }

    #[test]
    fn files_of_unmapped_owners_belong_to_root_without_setuid() {
        let other = 65_534 + 65_536;
        for (before, after, is_changed) in [
            ([0o100_644, 1000, other], [0o100_644, 1000, other], false),
            ([0o106_755, 65_534, 65_534], [0o100_755, 0, 0], true),
            ([0o106_755, 65_534, 5], [0o102_755, 0, 5], true),
            ([0o106_755, 0, 65_534], [0o104_755, 0, 0], true),
            ([0o42_775, 0, 65_534], [0o42_775, 0, 0], true),
            ([0, 0, 0], [0, 0, 0], false),
        ] {
            let [mode, user, group] = before;
            assert_eq!(changed(mode, user, group), (is_changed, after), "{mode:o}");
        }
    }

    #[test]
    fn what_is_no_such_file_system_is_not_written_to() {
        let disk = tempfile::tempfile().unwrap();
        disk.set_len(1 << 20).unwrap();
        assert!(give_to_root(&disk).is_err());
    }
}
