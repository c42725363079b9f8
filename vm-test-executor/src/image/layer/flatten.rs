//! Merges layers into one tree of files, as an overlay would show them.
//!
//! The uppermost layer with a path wins. On btrfs the files share their content with the layers.
//! Reads the layers; writes only the new tree.

use rustix::fs::{
    CWD, FileType, Gid, Mode, Timespec, Timestamps, Uid, XattrFlags, ioctl_ficlone, lgetxattr,
    llistxattr, lsetxattr, mknodat, utimensat,
};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

/// The prefix of attributes with which an overlay marks its own files.
const MARK: &[u8] = b"user.overlay.";

/// The mark of a directory that hides those below it.
const OPAQUE: &str = "user.overlay.opaque";

/// The size limit of a file's list of attribute names, and of one value.
const ATTRIBUTES: usize = 1 << 16;

/// Creates `into` from layers, base first.
pub(in crate::image) fn flatten(layers: &[PathBuf], into: &Path) -> io::Result<()> {
    for layer in layers {
        let mut links = HashMap::new();
        apply(layer, into, &mut links)?;
    }
    Ok(())
}

/// Hard links within one layer: each file's first name in the new tree, by device and inode.
type Links = HashMap<(u64, u64), PathBuf>;

fn apply(from: &Path, to: &Path, links: &mut Links) -> io::Result<()> {
    let meta = fs::symlink_metadata(from)?;
    let kind = meta.file_type();
    let there = fs::symlink_metadata(to).ok();
    let is_merged =
        kind.is_dir() && there.as_ref().is_some_and(fs::Metadata::is_dir) && !is_opaque(from);
    match there {
        Some(there) if there.is_dir() && !is_merged => fs::remove_dir_all(to)?,
        Some(there) if !there.is_dir() => fs::remove_file(to)?,
        _ => {}
    }
    if kind.is_char_device() && meta.rdev() == 0 {
        // A whiteout: the file does not exist.
        return Ok(());
    }
    if kind.is_dir() {
        if !is_merged {
            fs::create_dir(to)?;
        }
        for entry in fs::read_dir(from)? {
            let name = entry?.file_name();
            apply(&from.join(&name), &to.join(&name), links)?;
        }
        return describe(from, to, &meta);
    }
    if meta.nlink() > 1 {
        match links.get(&(meta.dev(), meta.ino())) {
            // The metadata of a hard link is already set.
            Some(first) => return fs::hard_link(first, to),
            None => links.insert((meta.dev(), meta.ino()), to.to_path_buf()),
        };
    }
    if kind.is_file() {
        let (source, target) = (File::open(from)?, File::create_new(to)?);
        share(&source, target)?;
    } else if kind.is_symlink() {
        symlink(fs::read_link(from)?, to)?;
    } else {
        let kind = FileType::from_raw_mode(meta.mode());
        mknodat(CWD, to, kind, Mode::RUSR | Mode::WUSR, meta.rdev())?;
    }
    describe(from, to, &meta)
}

/// Gives a file the content of another one.
fn share(mut source: &File, mut target: File) -> io::Result<()> {
    match ioctl_ficlone(&target, source) {
        Ok(()) => Ok(()),
        // Reflinks are not supported here.
        Err(_) => io::copy(&mut source, &mut target).map(drop),
    }
}

/// Gives a file the owner, attributes, permissions and time of another one.
fn describe(from: &Path, to: &Path, meta: &fs::Metadata) -> io::Result<()> {
    let (user, group) = (Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid()));
    std::os::unix::fs::lchown(to, Some(user.as_raw()), Some(group.as_raw()))?;
    for (name, value) in attributes(from)? {
        lsetxattr(to, OsStr::from_bytes(&name), &value, XattrFlags::empty())?;
    }
    if !meta.is_symlink() {
        fs::set_permissions(to, fs::Permissions::from_mode(meta.mode() & 0o7777))?;
    }
    let time = Timespec {
        tv_sec: meta.mtime(),
        tv_nsec: meta.mtime_nsec(),
    };
    let times = Timestamps {
        last_access: time,
        last_modification: time,
    };
    utimensat(CWD, to, &times, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(())
}

pub(in crate::image) fn is_opaque(directory: &Path) -> bool {
    let mut value = [0u8; 1];
    matches!(lgetxattr(directory, OPAQUE, &mut value), Ok(1) if value == *b"y")
}

/// Returns the extended attributes of a file, without those of an overlay.
pub(in crate::image) fn attributes(path: &Path) -> io::Result<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut names = vec![0u8; ATTRIBUTES];
    let length = match llistxattr(path, &mut names) {
        Err(rustix::io::Errno::NOTSUP) => 0,
        length => length?,
    };
    let mut attributes = Vec::new();
    let mut value = vec![0u8; ATTRIBUTES];
    for name in names[..length].split(|&byte| byte == 0) {
        if name.is_empty() || name.starts_with(MARK) {
            continue;
        }
        let length = lgetxattr(path, OsStr::from_bytes(name), &mut value)?;
        attributes.push((name.to_vec(), value[..length].to_vec()));
    }
    Ok(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_layer_above_says_of_a_path_counts() {
        let dir = tempfile::tempdir().unwrap();
        let [base, above] = ["0", "1"].map(|name| dir.path().join(name));
        for path in ["etc", "hidden/old", "gone", "becomes-a-file/x"] {
            fs::create_dir_all(base.join(path)).unwrap();
        }
        fs::write(base.join("etc/kept"), "kept").unwrap();
        fs::write(base.join("etc/changed"), "old").unwrap();
        fs::write(base.join("becomes-a-directory"), "x").unwrap();
        fs::write(base.join("one"), "twice").unwrap();
        fs::hard_link(base.join("one"), base.join("two")).unwrap();
        symlink("etc", base.join("link")).unwrap();
        for path in ["etc", "hidden", "becomes-a-directory"] {
            fs::create_dir_all(above.join(path)).unwrap();
        }
        fs::set_permissions(above.join("etc"), fs::Permissions::from_mode(0o700)).unwrap();
        fs::write(above.join("etc/changed"), "new").unwrap();
        fs::write(above.join("becomes-a-file"), "y").unwrap();
        lsetxattr(above.join("hidden"), OPAQUE, b"y", XattrFlags::empty()).unwrap();
        mknodat(
            CWD,
            above.join("gone"),
            FileType::CharacterDevice,
            Mode::empty(),
            0,
        )
        .unwrap();
        let into = dir.path().join("whole");
        flatten(&[base.clone(), above], &into).unwrap();
        let read = |path: &str| fs::read_to_string(into.join(path)).unwrap();
        assert_eq!(
            (read("etc/kept"), read("etc/changed")),
            ("kept".into(), "new".into())
        );
        assert_eq!(
            (read("becomes-a-file"), read("link/changed")),
            ("y".into(), "new".into())
        );
        assert!(into.join("becomes-a-directory").is_dir() && !into.join("gone").exists());
        assert_eq!(fs::read_dir(into.join("hidden")).unwrap().count(), 0);
        assert!(!is_opaque(&into.join("hidden")));
        let meta = |path: &str| fs::symlink_metadata(into.join(path)).unwrap();
        assert_eq!(meta("etc").mode() & 0o7777, 0o700);
        assert_eq!(
            (meta("one").ino(), meta("one").nlink()),
            (meta("two").ino(), 2)
        );
        // The layers are unchanged.
        assert_eq!(fs::read_to_string(base.join("etc/changed")).unwrap(), "old");
    }
}
