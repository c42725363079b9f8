//! The directory that takes the writes to a layer, as it is before the overlay is mounted.

use rustix::fs::{CWD, Gid, Mode, OFlags, Uid, openat};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// The id that the kernel shows where it has none to show, and that of `nobody` besides.
const OVERFLOW: u32 = 65_534;

/// Makes the upper directory of a layer. The root of an overlay has its owner and its permissions.
pub(super) fn make(low: &Path, up: &Path) -> io::Result<()> {
    let meta = fs::metadata(low)?;
    fs::create_dir(up)?;
    let owner = owner(low, meta.uid(), meta.gid());
    // May be forbidden, where the namespace maps a single id.
    let _ = rustix::fs::chown(up, Some(owner.0), Some(owner.1));
    Ok(rustix::fs::chmod(up, Mode::from_raw_mode(meta.mode()))?)
}

/// Whom a directory of the host belongs to in the guest, if it shows these ids here. What belongs to an id that the guest
/// does not have shows that of `nobody`, who must be given nothing for it: it is root's.
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

/// Whether this namespace has an id for the owner of a directory: only then the kernel lets its root read past the time of
/// access.
fn is_mapped(path: &Path) -> bool {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOATIME | OFlags::CLOEXEC;
    openat(CWD, path, flags, Mode::empty()).is_ok()
}
