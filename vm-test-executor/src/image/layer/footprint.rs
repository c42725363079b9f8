//! What a file takes up on a disk.

/// What a file takes up beyond its content, and what its content is rounded up to.
const BLOCK: u64 = 4096;
const INODE: u64 = BLOCK / 4;

/// What a file of this length takes up.
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
