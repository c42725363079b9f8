//! Mounts over a path: where there are some, and one of our own that is taken away again. Knows no
//! fault.

use rustix::fs::{AtFlags, CWD, StatxFlags, statx};
use rustix::mount::{UnmountFlags, unmount};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A mount over a path. Dropped, it is taken away.
#[derive(Debug)]
pub(super) struct Mounted {
    path: PathBuf,
    id: u64,
}

impl Mounted {
    /// Takes care of the mount that was just made at a path.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        let id = id_at(path).inspect_err(|_| {
            let _ = unmount(path, UnmountFlags::DETACH);
        })?;
        let path = path.to_owned();
        Ok(Self { path, id })
    }

    /// Takes it away, if need be under the programs that use it: they keep what they have open.
    ///
    /// # Errors
    /// If something else is mounted there now.
    pub(super) fn end(self) -> io::Result<()> {
        let ended = self.undo();
        std::mem::forget(self);
        ended
    }

    fn undo(&self) -> io::Result<()> {
        if id_at(&self.path)? != self.id {
            return Err(io::Error::other("something else is mounted there now"));
        }
        match unmount(&self.path, UnmountFlags::NOFOLLOW) {
            Err(rustix::io::Errno::BUSY) => {
                let flags = UnmountFlags::DETACH | UnmountFlags::NOFOLLOW;
                Ok(unmount(&self.path, flags)?)
            }
            done => Ok(done?),
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = self.undo();
    }
}

/// Returns the number of the mount that a path leads to.
fn id_at(path: &Path) -> io::Result<u64> {
    Ok(statx(CWD, path, AtFlags::empty(), StatxFlags::MNT_ID)?.stx_mnt_id)
}

/// Returns whether something is mounted at this very path.
pub(super) fn is_mount_point(path: &Path) -> io::Result<bool> {
    let table = fs::read("/proc/self/mountinfo")?;
    Ok(places(&table).any(|place| place == path))
}

/// Returns where the mounts of the kernel's table are.
fn places(table: &[u8]) -> impl Iterator<Item = PathBuf> {
    let lines = table.split(|byte| *byte == b'\n');
    lines.filter_map(|line| {
        let place = line.split(|byte| *byte == b' ').nth(4)?;
        Some(OsString::from_vec(unescaped(place)).into())
    })
}

/// Replaces the kernel's escapes, as in `\040` for a blank.
fn unescaped(mut text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    while let [first, rest @ ..] = text {
        let digits = rest.get(..3).filter(|_| *first == b'\\');
        let digits = digits.and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                text = &rest[3..];
            }
            None => {
                bytes.push(*first);
                text = rest;
            }
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_mounts_are_read_with_all_characters() {
        let table = b"1 0 0:40 / / rw - tmpfs x rw\n2 1 0:4 /a /mnt/a\\040b\\134 rw - ext4 y rw\n";
        let found: Vec<_> = places(table).collect();
        assert_eq!(found, [Path::new("/"), Path::new("/mnt/a b\\")]);
        assert_eq!(unescaped(b"\\9 \\04"), b"\\9 \\04");
    }

    #[test]
    fn the_root_is_a_mount_point_and_a_new_directory_is_none() {
        assert!(is_mount_point(Path::new("/proc")).unwrap());
        let directory = tempfile::tempdir().unwrap();
        assert!(!is_mount_point(directory.path()).unwrap());
    }
}
