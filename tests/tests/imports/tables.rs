//! Disks with partition tables: one of the PC's kind, and a GPT, whose entries have types that tell
//! where a partition is mounted.

const SECTOR: usize = 512;
const MIB: usize = 1 << 20;

/// Returns a disk with these file systems on partitions.
pub(crate) fn partitioned(parts: &[Vec<u8>]) -> Vec<u8> {
    let mut disk = vec![0; MIB];
    for (number, part) in parts.iter().enumerate() {
        let entry = 446 + 16 * number;
        disk[entry + 4] = 0x83;
        for (at, sectors) in [(8, disk.len() / SECTOR), (12, part.len() / SECTOR)] {
            let sectors = u32::try_from(sectors).unwrap().to_le_bytes();
            disk[entry + at..entry + at + 4].copy_from_slice(&sectors);
        }
        disk.extend_from_slice(part);
    }
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk
}

/// A type of partition that says nothing about its place: Linux's file systems.
pub(crate) const ANYWHERE: &str = "0fc63daf-8483-4772-8e79-3d69d8477de4";

/// The types of `/usr` and `/var` on this architecture.
pub(crate) const USR: &str = if cfg!(target_arch = "aarch64") {
    "b0e01050-ee5f-4390-949a-9101b17104e9"
} else {
    "8484680c-9521-48c6-9c11-b0720656f69e"
};
pub(crate) const VAR: &str = "4d21b016-b534-45c2-a9fb-5c16e091fd2d";

/// Entries of a GPT, and the length of each.
const ENTRIES: usize = 128;
const ENTRY: usize = 128;

/// Returns a disk with a GPT and these file systems on partitions of these types.
pub(crate) fn typed(parts: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut disk = vec![0; MIB];
    let mut entries = vec![0; ENTRIES * ENTRY];
    for (number, (kind, part)) in parts.iter().enumerate() {
        let entry = &mut entries[number * ENTRY..][..ENTRY];
        let number = u8::try_from(number + 1).unwrap();
        let (first, length) = (disk.len() / SECTOR, part.len() / SECTOR);
        entry[..16].copy_from_slice(&identifier(kind));
        entry[16..32].copy_from_slice(&[number; 16]);
        put(entry, 32, first);
        put(entry, 40, first + length - 1);
        disk.extend_from_slice(part);
    }
    let last = disk.len() / SECTOR;
    disk.resize(disk.len() + MIB, 0);
    let mut header = vec![0; 92];
    header[..8].copy_from_slice(b"EFI PART");
    header[8..16].copy_from_slice(&[0, 0, 1, 0, 92, 0, 0, 0]);
    for (at, sector) in [
        (24, 1),
        (32, disk.len() / SECTOR - 1),
        (40, 2 + entries.len() / SECTOR),
        (48, last),
        (72, 2),
    ] {
        put(&mut header, at, sector);
    }
    header[56..72].copy_from_slice(&[0xff; 16]);
    put(&mut header, 80, ENTRIES | ENTRY << 32);
    header[88..92].copy_from_slice(&checksum(&entries));
    let own = checksum(&header);
    header[16..20].copy_from_slice(&own);
    disk[SECTOR..SECTOR + header.len()].copy_from_slice(&header);
    disk[2 * SECTOR..2 * SECTOR + entries.len()].copy_from_slice(&entries);
    // The other kind of table says that the whole disk is in use.
    disk[446 + 4] = 0xee;
    disk[446 + 8..446 + 16].copy_from_slice(&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk
}

fn put(bytes: &mut [u8], at: usize, number: usize) {
    bytes[at..at + 8].copy_from_slice(&(number as u64).to_le_bytes());
}

/// Returns a UUID as a GPT has it: the bytes of its first three parts are reversed.
fn identifier(text: &str) -> [u8; 16] {
    let digits = text.replace('-', "");
    let number = u128::from_str_radix(&digits, 16).unwrap();
    let mut bytes = number.to_be_bytes();
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

/// Returns the CRC-32 of these bytes.
fn checksum(bytes: &[u8]) -> [u8; 4] {
    let mut sum = u32::MAX;
    for &byte in bytes {
        sum ^= u32::from(byte);
        for _ in 0..8 {
            let carry = sum & 1;
            sum = (sum >> 1) ^ (0xedb8_8320 * carry);
        }
    }
    (!sum).to_le_bytes()
}

#[test]
fn the_checksum_is_the_one_that_everybody_uses() {
    assert_eq!(checksum(b"123456789"), 0xcbf4_3926_u32.to_le_bytes());
}
