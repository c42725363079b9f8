//! Removes trees of files, including btrfs subvolumes. Does not know what they were.
//!
//! A subvolume is removed in one step, however large, after the subvolumes in it. Where an ordinary user may not destroy
//! subvolumes, they are emptied like directories.

use rustix::fs::{CWD, Mode, OFlags, openat};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use vm_test_sys::btrfs;

/// So many subvolumes in subvolumes are kept open on the way down. A guest can make more, and then the way is gone again.
const DEEPEST: usize = 128;

/// Removes a file, or a directory with all that is in it; what is not there need not be removed.
pub(in crate::image) fn remove(path: &Path) -> io::Result<()> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let removed = match (meta.is_dir(), path.parent().zip(path.file_name())) {
        (false, _) => fs::remove_file(path),
        (true, Some((parent, name))) if btrfs::is_subvolume(&open(CWD, path)?) => {
            match destroy(&open(CWD, parent)?, name) {
                // Not for this user, or a directory on the way is closed; what is left can be emptied.
                Err(_) => {
                    open_up(&open(CWD, path)?)?;
                    fs::remove_dir_all(path)
                }
                done => done,
            }
        }
        (true, _) => {
            // These go at once, however much is in them; what cannot go so is emptied with the rest.
            destroy_inner(path);
            fs::remove_dir_all(path)
        }
    };
    match removed {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Destroys the subvolumes in a directory that this user may destroy.
fn destroy_inner(path: &Path) {
    let Ok(directory) = open(CWD, path) else {
        return;
    };
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let inner = open(directory.as_fd(), Path::new(&name));
        let Some(inner) = inner.ok().filter(btrfs::is_subvolume) else {
            continue;
        };
        if destroy(&directory, &name).is_err() {
            // Then it has to let itself be emptied, and who may not do that either is told by what comes next.
            let _ = open_up(&inner);
        }
    }
}

/// A subvolume that is to be destroyed: the directory in which it is, relative to another, and its name.
struct Doomed {
    base: Rc<OwnedFd>,
    directory: PathBuf,
    name: OsString,
}

impl Doomed {
    fn parent(&self) -> io::Result<OwnedFd> {
        open(self.base.as_fd(), &here(&self.directory))
    }
}

/// Destroys a subvolume of a directory, and first all that are in it.
///
/// # Errors
/// If this user may not; then some of those in it may be gone.
pub(in crate::image) fn destroy(parent: &impl AsFd, name: &std::ffi::OsStr) -> io::Result<()> {
    let base = Rc::new(parent.as_fd().try_clone_to_owned()?);
    loop {
        let mut has_forgotten = false;
        let mut doomed = vec![Doomed {
            base: Rc::clone(&base),
            directory: PathBuf::new(),
            name: name.to_owned(),
        }];
        let mut depth = 0usize;
        while let Some(last) = doomed.last() {
            let parent = last.parent()?;
            let inner = match destroy_one(&parent, &last.name) {
                Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {
                    let subvolume = Rc::new(open(parent.as_fd(), Path::new(&last.name))?);
                    let inner = btrfs::inner(&*subvolume)?;
                    if inner.is_empty() {
                        return Err(error);
                    }
                    inner
                        .into_iter()
                        .map(|(directory, name)| Doomed {
                            base: Rc::clone(&subvolume),
                            directory,
                            name,
                        })
                        .collect()
                }
                done => {
                    done?;
                    doomed.pop();
                    Vec::new()
                }
            };
            if !inner.is_empty() {
                depth += 1;
                if depth.is_multiple_of(DEEPEST) {
                    doomed.clear();
                    has_forgotten = true;
                }
                doomed.extend(inner);
            }
        }
        if !has_forgotten {
            return Ok(());
        }
    }
}

fn destroy_one(parent: &OwnedFd, name: &std::ffi::OsStr) -> io::Result<()> {
    match btrfs::destroy(parent, name) {
        Err(error) if error.kind() == io::ErrorKind::ReadOnlyFilesystem => {
            btrfs::make_writable(&open(parent.as_fd(), Path::new(name))?)?;
            btrfs::destroy(parent, name)
        }
        done => done,
    }
}

/// Makes a subvolume, and all that are in it, writable.
fn open_up(subvolume: &OwnedFd) -> io::Result<()> {
    btrfs::make_writable(subvolume)?;
    for (directory, name) in btrfs::inner(subvolume)? {
        open_up(&open(subvolume.as_fd(), &here(&directory).join(name))?)?;
    }
    Ok(())
}

fn open(base: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    // Nobody works in it any more who could put a link in the place of a directory.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(base, path, flags, Mode::empty())?)
}

fn here(directory: &Path) -> PathBuf {
    Path::new(".").join(directory)
}
