//! A small file system over a directory, which is soon full. It is in the guest's memory.

use super::super::stop::Stop;
use super::super::streams::Streams;
use super::mounts::Mounted;
use super::refusal::{bytes, of_path};
use rustix::mount::MountFlags;
use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::tool::Told;

/// Has an empty file system of this size over a directory, until the end of the tool's input.
pub(super) fn mount(path: &str, size: u64, streams: &mut Streams) -> Result<(), Stop> {
    let what = format!("mount a file system of {} at {path}", bytes(size));
    let mounted = begin(path, size).map_err(|error| of_path(&what, &error))?;
    streams.say(&Told::Faulted(Vec::new()))?;
    streams.await_end()?;
    let cannot = |error| Stop::cannot(format!("unmount {path}"), error);
    mounted.end().map_err(cannot)
}

fn begin(path: &str, size: u64) -> io::Result<Mounted> {
    let path = directory(path)?;
    let options = options(&path, size)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount("vm-test", &path, "tmpfs", flags, options.as_c_str())?;
    Mounted::at(&path)
}

/// Returns the directory's own path.
pub(super) fn directory(path: &str) -> io::Result<PathBuf> {
    let path = fs::canonicalize(path)?;
    if path.is_dir() {
        Ok(path)
    } else {
        Err(io::ErrorKind::NotADirectory.into())
    }
}

/// Returns the options of a file system that belongs to the owner of the directory.
fn options(path: &Path, size: u64) -> io::Result<CString> {
    let meta = fs::metadata(path)?;
    let (mode, user, group) = (meta.mode() & 0o7777, meta.uid(), meta.gid());
    let options = format!("size={size},mode={mode:o},uid={user},gid={group}");
    CString::new(options).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_file_system_is_like_the_directory_that_it_covers() {
        let place = tempfile::tempdir().unwrap();
        let mode = fs::Permissions::from_mode(0o1750);
        fs::set_permissions(place.path(), mode).unwrap();
        let meta = fs::metadata(place.path()).unwrap();
        let words = format!("size=4096,mode=1750,uid={},gid={}", meta.uid(), meta.gid());
        let options = options(place.path(), 4096).unwrap();
        assert_eq!(options.to_str(), Ok(&*words));
    }

    #[test]
    fn only_a_directory_is_covered() {
        let place = tempfile::NamedTempFile::new().unwrap();
        let error = directory(place.path().to_str().unwrap()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotADirectory);
        assert_eq!(
            directory("/nowhere").unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }
}
