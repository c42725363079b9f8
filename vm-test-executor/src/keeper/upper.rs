//! The directory that takes the writes to a layer, as it is before the overlay is mounted: what is
//! in it by then is what the guest finds in place of the host's.

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::fs::{mknodat, openat, utimensat};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The overflow id: shown for ids that are not mapped, and also the id of `nobody`.
const OVERFLOW: u32 = 65_534;

/// The set-user-id and set-group-id bits.
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;

/// The upper directory of an overlay, and the directory below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upper<'a> {
    pub(super) low: &'a Path,
    pub(super) up: &'a Path,
}

impl<'a> Upper<'a> {
    /// Makes the upper directory.
    ///
    /// The root of the overlay takes its owner and permissions from it.
    pub(super) fn make(low: &'a Path, up: &'a Path) -> io::Result<Self> {
        fs::create_dir(up)?;
        assume(low, &fs::metadata(low)?, up)?;
        Ok(Self { low, up })
    }

    /// Hides a path of the lower directory, if it exists.
    pub(super) fn hide(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(self.low.join(path)).is_err() {
            return Ok(());
        }
        if let Some(parent) = path.parent().filter(|parent| self.is_directory(parent)) {
            self.directory(parent)?;
            // A whiteout. Unlike a mount, nobody in the guest can remove it.
            let whiteout = FileType::CharacterDevice;
            mknodat(CWD, self.up.join(path), whiteout, Mode::empty(), 0)?;
        }
        Ok(())
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.ancestors()
            .all(|path| fs::symlink_metadata(self.low.join(path)).is_ok_and(|meta| meta.is_dir()))
    }

    /// Copies a directory, and those above it, from the lower to the upper directory.
    pub(super) fn directory(&self, path: &Path) -> io::Result<()> {
        let mut inner: Vec<_> = path.ancestors().collect();
        inner.reverse();
        for path in inner {
            let (low, up) = (self.low.join(path), self.up.join(path));
            if !up.exists() {
                fs::create_dir(&up)?;
                assume(&low, &fs::metadata(&low)?, &up)?;
            }
        }
        Ok(())
    }
}

/// Returns whether the owner or group is shown as the overflow id, and thus may not be mapped in
/// this namespace.
pub(super) fn is_foreign(meta: &Metadata) -> bool {
    meta.uid() == OVERFLOW || meta.gid() == OVERFLOW
}

/// Gives a file the owner, permissions and times that it has on the host.
pub(super) fn assume(low: &Path, meta: &Metadata, up: &Path) -> io::Result<()> {
    let (user, group) = owner(low, meta.uid(), meta.gid());
    // It may be forbidden if the namespace maps a single id.
    let _ = rustix::fs::chown(up, Some(user), Some(group));
    // A set-user-id file of another user must not become set-user-id root.
    let mut lost = 0;
    if meta.is_file() && user.as_raw() != meta.uid() {
        lost |= SET_USER;
    }
    if meta.is_file() && group.as_raw() != meta.gid() {
        lost |= SET_GROUP;
    }
    rustix::fs::chmod(up, Mode::from_raw_mode(meta.mode() & !lost))?;
    let time = |tv_sec, tv_nsec| Timespec { tv_sec, tv_nsec };
    let times = Timestamps {
        last_access: time(meta.atime(), meta.atime_nsec()),
        last_modification: time(meta.mtime(), meta.mtime_nsec()),
    };
    Ok(utimensat(CWD, up, &times, AtFlags::empty())?)
}

/// Returns the owner that a file of the host has in the guest, given the ids that it shows here.
///
/// A file of an unmapped id shows that of `nobody`, who must not get it; it belongs to root
/// instead.
fn owner(path: &Path, user: u32, group: u32) -> (Uid, Gid) {
    let user = if user == OVERFLOW && !is_mapped(path) {
        0
    } else {
        user
    };
    let group = if group == OVERFLOW && user != OVERFLOW {
        0
    } else {
        group
    };
    (Uid::from_raw(user), Gid::from_raw(group))
}

/// Returns whether the file's owner has an id in this namespace.
///
/// Only then the kernel allows `O_NOATIME` to the namespace's root.
fn is_mapped(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOATIME | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).is_ok()
}
