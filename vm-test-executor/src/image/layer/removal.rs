//! Removes trees of files, including btrfs subvolumes.
//!
//! A subvolume is removed in one step, however large, after the subvolumes in it. Where an
//! unprivileged user may not destroy subvolumes, they are emptied like directories.

use rustix::fs::{CWD, Mode, OFlags, openat};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use vm_test_sys::btrfs;

/// The nesting depth of subvolumes that are kept open at once.
///
/// A guest can nest them deeper; then the removal starts again at the top.
const DEEPEST: usize = 128;

/// Removes a file, or a directory with its contents; a missing path is not an error.
pub(in crate::image) fn remove(path: &Path) -> io::Result<()> {
    let Ok(meta) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let removed = match (meta.is_dir(), path.parent().zip(path.file_name())) {
        (false, _) => fs::remove_file(path),
        (true, Some((parent, name))) if btrfs::is_subvolume(&open(CWD, path)?) => {
            match destroy(&open(CWD, parent)?, name) {
                // Not permitted, or a directory on the way is not accessible: the subvolume can
                // still be emptied.
                Err(_) => {
                    open_up(&open(CWD, path)?)?;
                    fs::remove_dir_all(path)
                }
                done => done,
            }
        }
        (true, _) => {
            // Subvolumes are destroyed at once, however large; the rest is removed file by file.
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
            // Make it writable so that it can be emptied; if that fails too, the removal reports
            // it.
            let _ = open_up(&inner);
        }
    }
}

/// A subvolume to destroy: its directory, relative to another one, and its name.
struct Pending {
    base: Rc<OwnedFd>,
    directory: PathBuf,
    name: OsString,
}

impl Pending {
    fn parent(&self) -> io::Result<OwnedFd> {
        open(self.base.as_fd(), &here(&self.directory))
    }
}

/// Destroys a subvolume of a directory, after all subvolumes in it.
///
/// # Errors
/// If this user may not; some of those in it may then be gone.
pub(in crate::image) fn destroy(parent: &impl AsFd, name: &std::ffi::OsStr) -> io::Result<()> {
    let base = Rc::new(parent.as_fd().try_clone_to_owned()?);
    loop {
        let mut has_forgotten = false;
        let mut pending = vec![Pending {
            base: Rc::clone(&base),
            directory: PathBuf::new(),
            name: name.to_owned(),
        }];
        let mut depth = 0usize;
        while let Some(last) = pending.last() {
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
                        .map(|(directory, name)| Pending {
                            base: Rc::clone(&subvolume),
                            directory,
                            name,
                        })
                        .collect()
                }
                done => {
                    done?;
                    pending.pop();
                    Vec::new()
                }
            };
            if !inner.is_empty() {
                depth += 1;
                if depth.is_multiple_of(DEEPEST) {
                    pending.clear();
                    has_forgotten = true;
                }
                pending.extend(inner);
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

/// Makes a subvolume, and all subvolumes in it, writable.
fn open_up(subvolume: &OwnedFd) -> io::Result<()> {
    btrfs::make_writable(subvolume)?;
    for (directory, name) in btrfs::inner(subvolume)? {
        open_up(&open(subvolume.as_fd(), &here(&directory).join(name))?)?;
    }
    Ok(())
}

fn open(base: impl AsFd, path: &Path) -> io::Result<OwnedFd> {
    // Nothing runs in it any more that could replace a directory by a link.
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(openat(base, path, flags, Mode::empty())?)
}

fn here(directory: &Path) -> PathBuf {
    Path::new(".").join(directory)
}
