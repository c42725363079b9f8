//! Disk usage of a file.

/// The block size to which content is rounded up, and the size of an inode's metadata.
const BLOCK: u64 = 4096;
const INODE: u64 = BLOCK / 4;

/// Returns the disk usage of a file of this length.
pub(in crate::image) fn of_file(length: u64) -> u64 {
    length
        .div_ceil(BLOCK)
        .saturating_mul(BLOCK)
        .saturating_add(INODE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_takes_up_whole_blocks_and_its_entry() {
        assert_eq!(of_file(0), INODE);
        assert_eq!(of_file(5000), 2 * BLOCK + INODE);
    }
}
