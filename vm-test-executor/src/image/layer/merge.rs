//! Layers seen as one root file system, where all of a guest's ids are mapped.
//!
//! The merged tree is exported or hashed, and compared with another layer's directories. The layers
//! stay unchanged.

use super::digest::Digest;
use super::{archiver, tree};
use rustix::fs::{CWD, Mode, OFlags};
use rustix::mount::{
    FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_flag,
    fsconfig_set_string, fsmount, fsopen,
};
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Writes the layers, base first, as one tree to standard output.
pub(in crate::image) fn export(store: &Path, layers: &[PathBuf]) -> io::Result<()> {
    let root = root(store, layers)?;
    let mut tar = archiver::command();
    tar.args(["--create", "--file=-", "--sort=name", "--numeric-owner"])
        .args(["--xattrs", "--xattrs-include=*", "."])
        // The child has this descriptor until it executes tar.
        .current_dir(format!("/proc/self/fd/{}", root.as_raw_fd()))
        .stdin(Stdio::null())
        .stdout(Stdio::inherit());
    archiver::run(&mut tar).map(drop)
}

/// Returns the hash of the layers, base first, as one tree, and the size of its files.
pub(in crate::image) fn digest(store: &Path, layers: &[PathBuf]) -> io::Result<(Digest, u64)> {
    let root = root(store, layers)?;
    tree::digest(Path::new(&format!("/proc/self/fd/{}/.", root.as_raw_fd())))
}

/// Opens the root of the layers, base first, as one tree.
pub(in crate::image) fn root(store: &Path, layers: &[PathBuf]) -> io::Result<OwnedFd> {
    match layers {
        [only] => Ok(rustix::fs::openat(
            CWD,
            store.join(only),
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?),
        _ => stack(store, layers),
    }
}

/// Mounts a read-only overlay of the layers, detached from any path.
fn stack(store: &Path, layers: &[PathBuf]) -> io::Result<OwnedFd> {
    // Relative paths, since the store's path may contain the separators of overlay options.
    std::env::set_current_dir(store)?;
    let lowers: Vec<_> = layers
        .iter()
        .rev()
        .map(|path| path.to_string_lossy())
        .collect();
    let context = fsopen("overlay", FsOpenFlags::FSOPEN_CLOEXEC)?;
    fsconfig_set_string(&context, "source", "vm-test")?;
    fsconfig_set_string(&context, "lowerdir", lowers.join(":"))?;
    fsconfig_set_flag(&context, "userxattr")?;
    fsconfig_create(&context)?;
    let flags = MountAttrFlags::MOUNT_ATTR_RDONLY | MountAttrFlags::MOUNT_ATTR_NODEV;
    Ok(fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, flags)?)
}

/// Removes empty directories at these paths, and their empty parents, from `files`.
///
/// Directories that a layer below has stay.
pub(in crate::image) fn prune(
    store: &Path,
    files: &Path,
    below: &[PathBuf],
    mounted: &[PathBuf],
) -> io::Result<()> {
    for path in mounted {
        for path in path.ancestors() {
            let Ok(relative) = path.strip_prefix("/") else {
                continue;
            };
            let is_below =
                |layer: &PathBuf| fs::symlink_metadata(store.join(layer).join(relative)).is_ok();
            if relative.as_os_str().is_empty() || below.iter().any(is_below) {
                break;
            }
            match fs::remove_dir(store.join(files).join(relative)) {
                Ok(()) => {}
                // The session wrote something there, or replaced the directory.
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => break,
                Err(error) if error.kind() == io::ErrorKind::NotADirectory => break,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_empty_directories_that_are_new_are_pruned() {
        let dir = tempfile::tempdir().unwrap();
        for path in [
            "up/home/a/w",
            "up/home/b/w",
            "up/srv/w",
            "low/srv/w",
            "up/opt",
        ] {
            fs::create_dir_all(dir.path().join(path)).unwrap();
        }
        fs::write(dir.path().join("up/home/b/note"), "x").unwrap();
        let mounted = ["/home/a/w", "/home/b/w", "/srv/w", "/nowhere/w"].map(PathBuf::from);
        prune(dir.path(), Path::new("up"), &["low".into()], &mounted).unwrap();
        for (path, there) in [
            ("up/home/a", false),
            ("up/home/b/w", false),
            ("up/home/b/note", true),
            ("up/srv/w", true),
            ("up/opt", true),
        ] {
            assert_eq!(dir.path().join(path).exists(), there, "{path}");
        }
    }
}
