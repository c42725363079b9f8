//! The journal of the root's file system. It is there, and unused: only a disk that outlives its VM
//! needs one. Knows three fields of ext4's superblock, and mounts nothing.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Where the superblock begins, in bytes.
const SUPERBLOCK: u64 = 1024;

/// Where its mark is, and the mark.
const MAGIC: (u64, [u8; 2]) = (SUPERBLOCK + 0x38, 0xef53_u16.to_le_bytes());

/// Where the compatible features are, and the one of a journal.
const FEATURES: u64 = SUPERBLOCK + 0x5c;
const HAS_JOURNAL: u32 = 0x4;

/// Where the number of the journal's inode is.
const INODE: u64 = SUPERBLOCK + 0xe0;

/// Makes the file system of a disk use its journal when it is mounted.
pub(super) fn use_in(disk: &Path) -> io::Result<()> {
    let disk = File::options().read(true).write(true).open(disk)?;
    let field = |at| -> io::Result<u32> {
        let mut bytes = [0; 4];
        disk.read_exact_at(&mut bytes, at)?;
        Ok(u32::from_le_bytes(bytes))
    };
    let mut magic = [0; 2];
    disk.read_exact_at(&mut magic, MAGIC.0)?;
    if magic != MAGIC.1 || field(INODE)? == 0 {
        return Err(io::Error::other("its file system has no journal"));
    }
    let features = field(FEATURES)?;
    if features & HAS_JOURNAL == 0 {
        disk.write_all_at(&(features | HAS_JOURNAL).to_le_bytes(), FEATURES)?;
        disk.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_file_system_with_a_journal_is_made_to_use_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("disk");
        let disk = File::create(&path).unwrap();
        disk.set_len(4096).unwrap();
        assert!(use_in(&path).is_err());
        disk.write_all_at(&MAGIC.1, MAGIC.0).unwrap();
        assert!(use_in(&path).is_err());
        disk.write_all_at(&[8], INODE).unwrap();
        disk.write_all_at(&[0x38], FEATURES).unwrap();
        for _ in 0..2 {
            use_in(&path).unwrap();
            assert_eq!(std::fs::read(&path).unwrap()[0x45c], 0x3c);
        }
    }
}
