//! The mounts of this process, from `/proc/self/mountinfo`. Reads; changes nothing.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// File systems that hold persistent files, as opposed to the kernel's or a session's.
const ON_DISK: [&str; 13] = [
    "bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "fuseblk", "jfs", "overlay",
    "vfat", "xfs", "zfs",
];

/// How long the table is at most on many hosts, in bytes: so much is read at once.
const USUAL: usize = 16 << 10;

/// One mount.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mount {
    /// The number of its file system, as text.
    pub device: Vec<u8>,
    /// The part of the file system that is mounted.
    pub root: PathBuf,
    /// Where it is.
    pub target: PathBuf,
    /// The type of its file system.
    pub kind: String,
}

impl Mount {
    /// Returns whether it holds persistent files.
    #[must_use]
    pub fn is_on_disk(&self) -> bool {
        ON_DISK.contains(&self.kind.as_str())
    }
}

/// Returns the mounts of this process in the order of mounting, or none if they cannot be read.
#[must_use]
pub fn mounts() -> Vec<Mount> {
    read().map_or_else(|_| Vec::new(), |bytes| parse(&bytes))
}

fn read() -> io::Result<Vec<u8>> {
    // The kernel says no length of it, and the standard library would begin with 32 bytes.
    let mut bytes = Vec::with_capacity(USUAL);
    File::open("/proc/self/mountinfo")?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

pub(super) fn parse(bytes: &[u8]) -> Vec<Mount> {
    bytes
        .split(|&byte| byte == b'\n')
        .filter_map(|line| {
            let mut fields = line.split(|&byte| byte == b' ').skip(2);
            let device = fields.next()?.to_vec();
            let root = unescape(fields.next()?);
            let target = unescape(fields.next()?);
            // A single dash ends the optional fields; the type follows.
            let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
            Some(Mount {
                device,
                root,
                target,
                kind: String::from_utf8_lossy(kind).into_owned(),
            })
        })
        .collect()
}

/// Decodes the octal escapes for spaces, tabs, newlines and backslashes.
fn unescape(field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    let mut at = 0;
    while at < field.len() {
        let octal = field
            .get(at + 1..at + 4)
            .filter(|_| field[at] == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        match octal {
            Some(byte) => {
                path.push(byte);
                at += 4;
            }
            None => {
                path.push(field[at]);
                at += 1;
            }
        }
    }
    PathBuf::from(OsString::from_vec(path))
}

/// Returns the mount that holds `path`.
#[must_use]
pub fn holding<'a>(mounts: &'a [Mount], path: &Path) -> Option<&'a Mount> {
    // Of mounts at the same place the last one counts, which `max_by_key` returns.
    mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.target))
        .max_by_key(|mount| mount.target.components().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_with_spaces_and_optional_fields_are_read() {
        let text = b"22 27 0:21 / /proc rw,relatime - proc proc rw\n\
            28 27 8:1 / /mnt/my\\040disk rw shared:1 master:2 - ext4 /dev/sda rw\n";
        let mounts = parse(text);
        assert_eq!(mounts[0].target, Path::new("/proc"));
        assert_eq!(mounts[1].target, Path::new("/mnt/my disk"));
        assert_eq!(
            (&*mounts[1].device, &*mounts[1].root),
            (&b"8:1"[..], Path::new("/"))
        );
        assert!(mounts[1].is_on_disk() && !mounts[0].is_on_disk());
        assert_eq!(
            holding(&mounts, Path::new("/mnt/my disk/a")).unwrap().kind,
            "ext4"
        );
    }
}
