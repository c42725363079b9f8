//! The other paths of a file on this host: what is mounted twice has two paths. Changes nothing.

use super::mountinfo::{Mount, holding, mounts};
use std::path::{Path, PathBuf};

/// Returns the other paths of these files and directories, found by what is mounted where.
pub(super) fn aliases(paths: &[PathBuf]) -> Vec<PathBuf> {
    if paths.is_empty() {
        return Vec::new();
    }
    among(&mounts(), paths)
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
    let Some(inner) = holding(mounts, path).and_then(|holding| {
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

#[cfg(test)]
mod tests {
    use super::super::mountinfo::parse;
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
