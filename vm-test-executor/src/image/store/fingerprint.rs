//! A cheap check whether a file of the host has changed since something was made from it.
//!
//! It compares inode, size, times and permissions, but no content, so nothing that depends on it is
//! kept across a reboot of the host.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The file with the id of the current boot.
const BOOT: &str = "/proc/sys/kernel/random/boot_id";

/// Returns a value that changes with every boot.
pub(in crate::image) fn until_reboot() -> Vec<u8> {
    fs::read(BOOT).unwrap_or_default()
}

/// Returns the fingerprint of a file by its path, following links.
pub(in crate::image) fn of_file(path: &Path) -> io::Result<Vec<u8>> {
    let meta = fs::metadata(path)
        .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    Ok(of_meta(&meta))
}

/// Returns the fingerprint of this metadata.
///
/// The change time cannot be set by programs, so a file that was written and given its old
/// modification time is still recognised as changed.
pub(in crate::image) fn of_meta(meta: &Metadata) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    for number in [meta.dev(), meta.ino(), meta.size()] {
        bytes.extend(number.to_le_bytes());
    }
    for number in [
        meta.mtime(),
        meta.mtime_nsec(),
        meta.ctime(),
        meta.ctime_nsec(),
    ] {
        bytes.extend(number.to_le_bytes());
    }
    for number in [meta.mode(), meta.uid(), meta.gid()] {
        bytes.extend(number.to_le_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::PermissionsExt;
    use std::time::UNIX_EPOCH;

    #[test]
    fn every_change_shows_even_if_the_time_is_set_back() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        let mut seen = std::collections::HashSet::new();
        let mut changed = || assert!(seen.insert(of_file(&path).unwrap()));
        fs::write(&path, "one").unwrap();
        let file = File::open(&path).unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        changed();
        // File times have a granularity of a few milliseconds.
        std::thread::sleep(std::time::Duration::from_millis(20));
        fs::write(&path, "two").unwrap();
        file.set_modified(UNIX_EPOCH).unwrap();
        changed();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        changed();
        fs::write(dir.path().join("b"), "two").unwrap();
        fs::rename(dir.path().join("b"), &path).unwrap();
        changed();
        assert!(!until_reboot().is_empty());
    }
}
