//! The hash of a tree of files.
//!
//! It covers every path with kind, owner, permissions, extended attributes, and content or target,
//! but not times. Only reads; runs where all files are readable.

use super::digest::{Digest, Writer};
use rustix::fs::{lgetxattr, llistxattr};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// Returns the hash of the tree, and the size of its files.
pub(in crate::image) fn digest(root: &Path) -> io::Result<(Digest, u64)> {
    let mut hash = Sha256::new();
    let mut bytes = 0;
    visit(root, root, &mut hash, &mut bytes)?;
    Ok((Digest::of_hash(hash), bytes))
}

fn visit(root: &Path, path: &Path, hash: &mut Sha256, bytes: &mut u64) -> io::Result<()> {
    let meta = fs::symlink_metadata(path)?;
    let name = path
        .strip_prefix(root)
        .unwrap_or(path)
        .as_os_str()
        .as_bytes();
    hash.update((name.len() as u64).to_le_bytes());
    hash.update(name);
    for number in [meta.mode(), meta.uid(), meta.gid()] {
        hash.update(number.to_le_bytes());
    }
    attributes(path, hash)?;
    let kind = meta.file_type();
    if kind.is_file() {
        let mut file = File::open(path)?;
        hash.update(meta.len().to_le_bytes());
        *bytes += io::copy(&mut file, &mut Writer(hash))?;
    } else if kind.is_symlink() {
        hash.update(fs::read_link(path)?.as_os_str().as_bytes());
    } else if kind.is_char_device() || kind.is_block_device() {
        hash.update(meta.rdev().to_le_bytes());
    } else if kind.is_dir() {
        let mut children: Vec<_> = fs::read_dir(path)?.collect::<io::Result<_>>()?;
        children.sort_by_key(fs::DirEntry::file_name);
        for child in children {
            visit(root, &child.path(), hash, bytes)?;
        }
    }
    Ok(())
}

/// Hashes extended attributes, which hold file capabilities and an overlay's marks.
fn attributes(path: &Path, hash: &mut Sha256) -> io::Result<()> {
    let mut names = [0u8; 4096];
    let Ok(length) = llistxattr(path, &mut names) else {
        return Ok(());
    };
    let mut names: Vec<&[u8]> = names[..length]
        .split(|&byte| byte == 0)
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    for name in names {
        let mut value = [0u8; 4096];
        let name = std::ffi::OsStr::from_bytes(name);
        if let Ok(length) = lgetxattr(path, name, &mut value) {
            hash.update(name.as_bytes());
            hash.update((length as u64).to_le_bytes());
            hash.update(&value[..length]);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn every_kind_of_change_changes_the_digest_and_time_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        fs::create_dir(root.join("d")).unwrap();
        fs::write(root.join("d/f"), "text").unwrap();
        symlink("f", root.join("d/l")).unwrap();
        let digest = || super::digest(root).unwrap().0;
        let first = digest();
        File::open(root.join("d/f"))
            .unwrap()
            .set_modified(std::time::UNIX_EPOCH)
            .unwrap();
        assert_eq!(first, digest());
        fs::write(root.join("d/f"), "tEXt").unwrap();
        let content = digest();
        fs::set_permissions(root.join("d/f"), fs::Permissions::from_mode(0o600)).unwrap();
        let mode = digest();
        fs::remove_file(root.join("d/l")).unwrap();
        symlink("g", root.join("d/l")).unwrap();
        let target = digest();
        fs::rename(root.join("d/f"), root.join("d/h")).unwrap();
        let name = digest();
        let all = [first, content, mode, target, name];
        assert_eq!(
            all.iter().collect::<std::collections::HashSet<_>>().len(),
            all.len()
        );
    }
}
