//! Sparse files: their hash, over non-zero blocks and their positions, and copies of them.
//!
//! Whether zeros are holes does not matter to the hash; a copy keeps holes.

use crate::image::layer::digest::Digest;
use rustix::fs::{SeekFrom, copy_file_range, ioctl_ficlone, seek};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

const BLOCK: usize = 4096;

/// How many bytes are read at once.
const CHUNK: usize = 256 * BLOCK;

/// Returns the hash.
pub(super) fn digest(file: &File) -> io::Result<Digest> {
    let length = file.metadata()?.len();
    let mut hash = Sha256::new();
    hash.update(length.to_le_bytes());
    let mut chunk = vec![0; CHUNK];
    let mut at = 0;
    while let Some(data) = next(file, SeekFrom::Data(at))? {
        let end = next(file, SeekFrom::Hole(data))?.unwrap_or(length);
        // Hash whole blocks, whatever the block size of the file system.
        at = data - data % BLOCK as u64;
        while at < end {
            let read = read(file, &mut chunk, at)?;
            for (index, block) in chunk[..read].chunks(BLOCK).enumerate() {
                if block.iter().any(|&byte| byte != 0) {
                    hash.update((at + (index * BLOCK) as u64).to_le_bytes());
                    hash.update(block);
                }
            }
            at += read as u64;
            if read < CHUNK {
                break;
            }
        }
        at = at.max(end);
    }
    Ok(Digest::of_hash(hash))
}

/// Makes an empty file a copy of another one, which shares its blocks if the file system can.
pub(super) fn copy(from: &File, to: &File) -> io::Result<()> {
    if ioctl_ficlone(to, from).is_ok() {
        return Ok(());
    }
    let length = from.metadata()?.len();
    to.set_len(length)?;
    let mut at = 0;
    while let Some(data) = next(from, SeekFrom::Data(at))? {
        at = next(from, SeekFrom::Hole(data))?.unwrap_or(length);
        let (mut read, mut written) = (data, data);
        while read < at {
            let left = usize::try_from(at - read).unwrap_or(usize::MAX);
            let copied = copy_file_range(from, Some(&mut read), to, Some(&mut written), left)?;
            if copied == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
    Ok(())
}

/// Fills the buffer unless the file ends; returns the number of bytes.
fn read(file: &File, chunk: &mut [u8], at: u64) -> io::Result<usize> {
    let mut length = 0;
    while length < chunk.len() {
        match file.read_at(&mut chunk[length..], at + length as u64)? {
            0 => break,
            read => length += read,
        }
    }
    Ok(length)
}

/// Returns where the next data or hole begins; `None` after the last data.
fn next(file: &File, from: SeekFrom) -> io::Result<Option<u64>> {
    match seek(file, from) {
        Ok(at) => Ok(Some(at)),
        Err(Errno::NXIO) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn holes_and_zeros_are_the_same_and_places_count() {
        let dir = tempfile::tempdir().unwrap();
        let make = |name: &str, length: u64, parts: &[(u64, &[u8])]| {
            let path = dir.path().join(name);
            let file = File::create_new(&path).unwrap();
            file.set_len(length).unwrap();
            for (at, bytes) in parts {
                file.write_all_at(bytes, *at).unwrap();
            }
            digest(&File::open(path).unwrap()).unwrap()
        };
        let length = 16 << 20;
        let sparse = make("a", length, &[(5 << 20, b"x"), (9 << 20, b"y")]);
        let zeros = vec![0; usize::try_from(length).unwrap()];
        let full = make(
            "b",
            length,
            &[(0, &zeros), (5 << 20, b"x"), (9 << 20, b"y")],
        );
        assert_eq!(sparse, full);
        let moved = make("c", length, &[(5 << 20, b"x"), ((9 << 20) + 4096, b"y")]);
        let longer = make("d", length + 1, &[(5 << 20, b"x"), (9 << 20, b"y")]);
        let empty = make("e", 0, &[]);
        let all = [sparse, moved, longer, empty];
        let different: std::collections::HashSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
    }

    #[test]
    fn a_copy_has_the_same_content_and_the_same_holes() {
        use std::os::unix::fs::MetadataExt;
        let dir = tempfile::tempdir().unwrap();
        let from = dir.path().join("a");
        let file = File::create_new(&from).unwrap();
        file.set_len(16 << 20).unwrap();
        file.write_all_at(b"x", 5 << 20).unwrap();
        file.write_all_at(&[b'y'; 3 * BLOCK], 9 << 20).unwrap();
        let to = dir.path().join("b");
        copy(&File::open(&from).unwrap(), &File::create_new(&to).unwrap()).unwrap();
        assert!(fs::read(&from).unwrap() == fs::read(&to).unwrap());
        let blocks = |path| fs::metadata(path).unwrap().blocks();
        assert!(blocks(&to) <= blocks(&from) + 16, "{}", blocks(&to));
    }

    #[test]
    fn a_small_file_that_is_all_data_has_a_hash() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        fs::write(&path, "hello").unwrap();
        let one = digest(&File::open(&path).unwrap()).unwrap();
        fs::write(&path, "hellO").unwrap();
        assert_ne!(one, digest(&File::open(&path).unwrap()).unwrap());
    }
}
