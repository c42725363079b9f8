//! What cannot be written any more: a mount that is made read-only, or a read-only mount over a
//! path that is none.

use super::super::stop::Stop;
use super::super::streams::Streams;
use super::holders;
use super::mounts::{Mounted, is_mount_point};
use super::refusal::{of_path, refused};
use rustix::fs::{StatVfsMountFlags, statvfs};
use rustix::mount::mount_bind;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use vm_test_protocol::node_fault::Obstacle;
use vm_test_protocol::tool::Told;

/// What makes a program see it.
const HINT: &str = "begin the fault before the program starts, or have a mount of its own there first, as with `small_disk`";

/// Has everything at or below a path be read-only, until the end of the tool's input.
pub(super) fn protect(path: &str, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("make {path} read-only");
    let protected = begin(&what, path)?;
    streams.say(&Told::Faulted(Vec::new()))?;
    streams.await_end()?;
    let cannot = |error| Stop::cannot(format!("make {path} writable again"), error);
    protected.end().map_err(cannot)
}

fn begin(what: &str, path: &str) -> Result<Protected, Stop> {
    let of_path = |error: io::Error| of_path(what, &error);
    let path = fs::canonicalize(path).map_err(of_path)?;
    let flags = statvfs(&path)
        .map_err(|error| of_path(error.into()))?
        .f_flag;
    if flags.contains(StatVfsMountFlags::RDONLY) {
        let words = "it is read-only already";
        return Err(Stop::cannot(what, words));
    }
    let place = c_path(&path).map_err(of_path)?;
    if is_mount_point(&path).map_err(of_path)? {
        return match vm_test_sys::read_only::make(&place) {
            Ok(()) => Ok(Protected::Mount(Marked { place })),
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                Err(busy(what, &path, "a file of it is open for writing"))
            }
            Err(error) => Err(of_path(error)),
        };
    }
    // Who is in it already has it without the mount that comes over it.
    if holders::first(&path).is_some() {
        return Err(busy(what, &path, "it is in use"));
    }
    mount_bind(&path, &path).map_err(|error| of_path(error.into()))?;
    let mounted = Mounted::at(&path).map_err(of_path)?;
    vm_test_sys::read_only::make(&place).map_err(of_path)?;
    Ok(Protected::Over(mounted))
}

fn busy(what: &str, path: &Path, otherwise: &str) -> Stop {
    let cause = holders::first(path).map_or(otherwise.to_owned(), |holder| holder.words());
    refused(Obstacle::Busy, what, cause, HINT)
}

fn c_path(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::other)
}

/// What is read-only. Dropped, it is as before.
#[derive(Debug)]
enum Protected {
    /// A mount that was there.
    Mount(Marked),
    /// A mount of our own.
    Over(Mounted),
}

impl Protected {
    fn end(self) -> io::Result<()> {
        match self {
            Self::Mount(marked) => marked.end(),
            Self::Over(mounted) => mounted.end(),
        }
    }
}

/// A mount that was made read-only. Dropped, it is writable again.
#[derive(Debug)]
struct Marked {
    place: CString,
}

impl Marked {
    fn end(self) -> io::Result<()> {
        let ended = vm_test_sys::read_only::undo(&self.place);
        std::mem::forget(self);
        ended
    }
}

impl Drop for Marked {
    fn drop(&mut self) {
        let _ = vm_test_sys::read_only::undo(&self.place);
    }
}
