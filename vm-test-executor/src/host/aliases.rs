//! The other paths of a file on this host: what is mounted twice has two paths. Reads
//! `/proc/self/mountinfo`; changes nothing.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

/// A mount: its file system, the part of it that is mounted, and where.
#[derive(Debug)]
struct Mount {
    device: Vec<u8>,
    root: PathBuf,
    target: PathBuf,
}

/// Returns the other paths of these files and directories, found by what is mounted where.
pub(super) fn aliases(paths: &[PathBuf]) -> Vec<PathBuf> {
    if paths.is_empty() {
        return Vec::new();
    }
    let text = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    among(&parse(&text), paths)
}

fn among(mounts: &[Mount], paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut found: Vec<_> = paths
        .iter()
        .flat_map(|path| others(mounts, path))
        .filter(|path| !paths.contains(path))
        .collect();
    found.sort();
    found.dedup();
    found
}

fn others(mounts: &[Mount], path: &Path) -> Vec<PathBuf> {
    // Of mounts at the same place the last one counts, which `max_by_key` returns.
    let holding = mounts
        .iter()
        .filter(|mount| path.starts_with(&mount.target))
        .max_by_key(|mount| mount.target.components().count());
    let Some(inner) = holding.and_then(|holding| {
        let below = path.strip_prefix(&holding.target).ok()?;
        Some((holding, holding.root.join(below)))
    }) else {
        return Vec::new();
    };
    let (holding, inner) = inner;
    mounts
        .iter()
        .filter(|mount| mount.device == holding.device)
        .filter_map(|mount| Some(mount.target.join(inner.strip_prefix(&mount.root).ok()?)))
        .collect()
}

fn parse(text: &[u8]) -> Vec<Mount> {
    text.split(|&byte| byte == b'\n')
        .filter_map(|line| {
            let mut fields = line.split(|&byte| byte == b' ').skip(2);
            Some(Mount {
                device: fields.next()?.to_vec(),
                root: unescape(fields.next()?),
                target: unescape(fields.next()?),
            })
        })
        .collect()
}

/// Decodes the octal escapes for spaces, tabs, newlines and backslashes.
fn unescape(field: &[u8]) -> PathBuf {
    let mut path = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((&first, others)) = rest.split_first() {
        let octal = others
            .get(..3)
            .filter(|_| first == b'\\')
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        path.push(octal.unwrap_or(first));
        rest = if octal.is_some() {
            &others[3..]
        } else {
            others
        };
    }
    OsString::from_vec(path).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_mounted_at_two_places_is_found_at_both() {
        let mounts = parse(
            b"1 0 8:1 / / rw - ext4 /dev/a rw\n\
            2 1 8:2 / /data\\040a rw shared:1 - ext4 /dev/b rw\n\
            3 1 8:2 /home /home rw - ext4 /dev/b rw\n\
            4 1 8:2 /srv /srv rw - ext4 /dev/b rw\n\
            5 1 0:7 / /home/c rw - tmpfs none rw\n",
        );
        for (path, other) in [
            ("/home/a/.ssh", Some("/data a/home/a/.ssh")),
            ("/data a/home/a/.ssh", Some("/home/a/.ssh")),
            ("/data a/x", None),
            ("/home/c/.ssh", None),
            ("/opt/.ssh", None),
        ] {
            let found = among(&mounts, &[path.into()]);
            let other: Vec<PathBuf> = other.into_iter().map(PathBuf::from).collect();
            assert_eq!(found, other, "{path}");
        }
    }
}
