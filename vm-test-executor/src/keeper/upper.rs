//! The directory that takes the writes to a layer, as it is before the overlay is mounted: what is in it by then is what the
//! guest finds in place of the host's.

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, OFlags, Timespec, Timestamps, Uid};
use rustix::fs::{mknodat, openat, utimensat};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The id that the kernel shows where it has none to show, and that of `nobody` besides.
const OVERFLOW: u32 = 65_534;

/// The bits of a file that is executed as its owner, and as its group.
const SET_USER: u32 = 0o4000;
const SET_GROUP: u32 = 0o2000;

/// An upper directory, and what is below it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Upper<'a> {
    pub(super) low: &'a Path,
    pub(super) up: &'a Path,
}

impl<'a> Upper<'a> {
    /// Makes it. The root of an overlay has its owner and its permissions.
    pub(super) fn make(low: &'a Path, up: &'a Path) -> io::Result<Self> {
        fs::create_dir(up)?;
        assume(low, &fs::metadata(low)?, up)?;
        Ok(Self { low, up })
    }

    /// Has nothing of the host be there at a path, if something is.
    pub(super) fn hide(&self, path: &Path) -> io::Result<()> {
        if fs::symlink_metadata(self.low.join(path)).is_err() {
            return Ok(());
        }
        if let Some(parent) = path.parent().filter(|parent| self.is_directory(parent)) {
            self.directory(parent)?;
            // How an overlay writes down that something was removed. Unlike a mount, nobody in the guest can take it away.
            let whiteout = FileType::CharacterDevice;
            mknodat(CWD, self.up.join(path), whiteout, Mode::empty(), 0)?;
        }
        Ok(())
    }

    fn is_directory(&self, path: &Path) -> bool {
        path.ancestors()
            .all(|path| fs::symlink_metadata(self.low.join(path)).is_ok_and(|meta| meta.is_dir()))
    }

    /// Has a directory, and those above it, be here as it is below.
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

/// Whether something shows an id here that is perhaps none of this namespace.
pub(super) fn is_foreign(meta: &Metadata) -> bool {
    meta.uid() == OVERFLOW || meta.gid() == OVERFLOW
}

/// Gives a file the owner, permissions and times of the host's.
pub(super) fn assume(low: &Path, meta: &Metadata, up: &Path) -> io::Result<()> {
    let (user, group) = owner(low, meta.uid(), meta.gid());
    // May be forbidden, where the namespace maps a single id.
    let _ = rustix::fs::chown(up, Some(user), Some(group));
    // To run as its owner is no right that a file of somebody else's keeps once it is root's.
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

/// Whom a file of the host belongs to in the guest, if it shows these ids here. What belongs to an id that the guest does not
/// have shows that of `nobody`, who must be given nothing for it: it is root's.
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

/// Whether this namespace has an id for the owner of a file: only then the kernel lets its root read it without a mark of
/// when it was read.
fn is_mapped(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::NOATIME | OFlags::NONBLOCK | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).is_ok()
}
