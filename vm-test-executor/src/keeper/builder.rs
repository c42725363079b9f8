//! Carries out a plan step by step in the keeper's own mount namespace: overlays, binds,
//! directories. All paths are relative to the keeper's tmpfs, so that names of host directories
//! never appear in an overlay's options.

use super::adoption;
use super::upper::Upper;
use crate::rootfs::{Lower, Step};
use rustix::fs::{CWD, Mode};
use rustix::mount::{MountFlags, MoveMountFlags, UnmountFlags};
use rustix::mount::{mount, mount_bind, move_mount, unmount};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use vm_test_protocol::AGENT_PATH;
use vm_test_sys::links::follow;
use vm_test_sys::{copies, idmap};

/// The root file system, relative to the keeper's directory.
pub(super) const ROOT: &str = "root";

/// The layer with the agent, relative to the keeper's directory.
const AGENT: &str = "agent";

/// What is copied into the guest, relative to the keeper's directory.
const ORIGINAL: &str = "original";

/// The agent's file name where it is installed.
const AGENT_NAME: &str = "vm-test-agent";

/// Where the guest has shared memory, and the directory for it in the keeper's directory: the
/// guest's `/dev` is made later.
pub(super) const SHARED_MEMORY: (&str, &str) = ("/dev/shm", "shm");

/// The file system with device files, relative to the keeper's directory.
pub(super) const DEVICES: &str = "devices";

/// Carries out the steps of a plan.
pub(super) struct Builder {
    pub(super) trees: Vec<Option<OwnedFd>>,
    pub(super) device_files: Option<OwnedFd>,
    pub(super) hidden: Vec<(PathBuf, OwnedFd)>,
    pub(super) layers: usize,
}

impl Builder {
    pub(super) fn take(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Layer {
                target,
                lower,
                hidden,
                adopted,
            } => self.layer(&in_root(target), lower, hidden, adopted),
            Step::Stack {
                target,
                below,
                above,
            } => self.stack(target, below, above.as_ref()),
            Step::Own { target, source } => self.own(&in_root(target), source),
            Step::ReadOnly { target, lower } => self.read_only(&in_root(target), lower),
            Step::Empty { target, mode } => {
                make_directory(&in_root(target), *mode)?;
                empty(&in_root(target), *mode)
            }
            Step::Directory { target, mode } => make_directory(&in_root(target), *mode),
            Step::Symlink { target, content } => symlink(content, in_root(target)),
            Step::File { target, source } => {
                let target = in_root(target);
                make_directory(target.parent().unwrap_or(Path::new(ROOT)), 0o755)?;
                self.copy_file(source, &target)
            }
            Step::Copy {
                target,
                source,
                is_directory,
                state: _,
            } => self.copy(source, target, *is_directory),
        }
    }

    /// Copies a file or a directory of the host to a path of the guest, as root's own.
    fn copy(&mut self, source: &Lower, target: &Path, is_directory: bool) -> io::Result<()> {
        if let (Lower::Tree(index), false) = (source, is_directory) {
            let file = self.trees.get_mut(*index).and_then(Option::take);
            let file = file.ok_or(io::ErrorKind::NotFound)?;
            return copies::copy_file(file.into(), &in_root(target));
        }
        let place = Path::new(ORIGINAL);
        if is_directory {
            fs::create_dir(place)?;
        } else {
            fs::File::create(place)?;
        }
        self.attach_lower(source, place)?;
        copies::copy(place, target, &in_root)?;
        unmount(place, UnmountFlags::DETACH)?;
        if is_directory {
            fs::remove_dir(place)
        } else {
            fs::remove_file(place)
        }
    }

    /// Mounts a directory so that not even the guest's root can write to it: an overlay without a
    /// directory for writes stays as it is, while a bind mount could be made writable again.
    fn read_only(&mut self, target: &Path, lower: &Lower) -> io::Result<()> {
        let number = self.layers;
        self.layers += 1;
        let [low, up] = ["lower", "upper"].map(|dir| format!("{dir}/{number}"));
        self.place_directory(lower, &low)?;
        // An overlay has two directories at least. The root of it takes its owner and permissions
        // from the upper one.
        Upper::make(Path::new(&low), Path::new(&up))?;
        make_directory(target, 0o755)?;
        mount_overlay(target, &format!("lowerdir={up}:{low},userxattr"))
    }

    /// Copies a file of the host.
    ///
    /// A bind mount would be the host's own file, and its owner, who may be the guest's root, could
    /// write to it.
    fn copy_file(&mut self, source: &Lower, target: &Path) -> io::Result<()> {
        let mut file = match source {
            Lower::Path(path) => fs::File::open(path)?,
            Lower::Tree(index) => {
                let file = self.trees.get_mut(*index).and_then(Option::take);
                file.ok_or(io::ErrorKind::NotFound)?.into()
            }
        };
        let mode = file.metadata()?.mode();
        io::copy(&mut file, &mut fs::File::create(target)?)?;
        rustix::fs::chmod(target, Mode::from_raw_mode(mode & 0o755))?;
        Ok(())
    }

    /// Makes the agent available through a layer over its directory.
    ///
    /// A bind mount of the file would be the host's own file, and its owner, who may be the guest's
    /// root, could change more than its content.
    pub(super) fn place_agent(&mut self, directory: &Lower) -> io::Result<()> {
        self.layer(Path::new(AGENT), directory, &[], &[])?;
        let target = in_root(Path::new(AGENT_PATH));
        fs::File::create(&target)?;
        Ok(mount_bind(Path::new(AGENT).join(AGENT_NAME), target)?)
    }

    pub(super) fn place_devices(&mut self) -> io::Result<()> {
        fs::create_dir(DEVICES)?;
        let files = self.device_files.take();
        attach(files.ok_or(io::ErrorKind::NotFound)?, Path::new(DEVICES))
    }

    fn bind(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        match self.hidden.iter().position(|(path, _)| path == source) {
            Some(at) => attach(self.hidden.swap_remove(at).1, target),
            None => Ok(mount_bind(source, target)?),
        }
    }

    /// Mounts a layer over a directory at `target`, a path in the keeper's directory.
    fn layer(
        &mut self,
        target: &Path,
        lower: &Lower,
        hidden: &[PathBuf],
        adopted: &[PathBuf],
    ) -> io::Result<()> {
        let number = self.layers;
        let [low, up, work] = ["lower", "upper", "work"].map(|dir| format!("{dir}/{number}"));
        if !self.place_directory(lower, &low)? {
            return Ok(());
        }
        self.layers += 1;
        let upper = Upper::make(Path::new(&low), Path::new(&up))?;
        for path in hidden {
            upper.hide(path)?;
        }
        for path in adopted {
            adoption::adopt(&upper, path, hidden)?;
        }
        fs::create_dir(&work)?;
        make_directory(target, 0o755)?;
        overlay(target, &low, &up, &work)
    }

    /// Mounts a directory that the guest writes to; device files in it have no effect.
    fn own(&mut self, target: &Path, source: &Lower) -> io::Result<()> {
        let tree = match source {
            Lower::Path(path) => match self.hidden.iter().position(|(hidden, _)| hidden == path) {
                Some(at) => self.hidden.swap_remove(at).1,
                None => idmap::detached_copy(path, None)?,
            },
            Lower::Tree(index) => {
                let tree = self.trees.get_mut(*index).and_then(Option::take);
                tree.ok_or(io::ErrorKind::NotFound)?
            }
        };
        attach(tree, target)
    }

    fn stack(&mut self, target: &Path, below: &[Lower], above: Option<&Lower>) -> io::Result<()> {
        let number = self.layers;
        self.layers += 1;
        let mut lows = Vec::new();
        for (index, lower) in below.iter().enumerate() {
            let low = format!("lower/{number}.{index}");
            self.place_directory(lower, &low)?;
            // The option lists the uppermost layer first.
            lows.insert(0, low);
        }
        let (up, work) = match above {
            Some(above) => {
                let dir = format!("upper/{number}");
                self.place_directory(above, &dir)?;
                (format!("{dir}/files"), format!("{dir}/work"))
            }
            None => {
                let dirs = (format!("upper/{number}"), format!("work/{number}"));
                fs::create_dir(&dirs.0)?;
                fs::create_dir(&dirs.1)?;
                dirs
            }
        };
        overlay(&in_root(target), &lows.join(":"), &up, &work)
    }

    /// Attaches a directory of the host; returns `false` if it is optional and missing.
    pub(super) fn place_directory(&mut self, lower: &Lower, place: &str) -> io::Result<bool> {
        if let Lower::Tree(index) = lower
            && self.trees.get(*index).is_none_or(Option::is_none)
        {
            // Only optional ones are missing; for any other the daemon refuses the lease.
            return Ok(false);
        }
        fs::create_dir(place)?;
        self.attach_lower(lower, Path::new(place))?;
        Ok(true)
    }

    fn attach_lower(&mut self, lower: &Lower, place: &Path) -> io::Result<()> {
        match lower {
            Lower::Path(path) => self.bind(path, place),
            Lower::Tree(index) => {
                let tree = self.trees.get_mut(*index).and_then(Option::take);
                attach(tree.ok_or(io::ErrorKind::NotFound)?, place)
            }
        }
    }
}

fn overlay(target: &Path, lower: &str, upper: &str, work: &str) -> io::Result<()> {
    mount_overlay(
        target,
        &format!("lowerdir={lower},upperdir={upper},workdir={work},userxattr"),
    )
}

fn mount_overlay(target: &Path, options: &str) -> io::Result<()> {
    let options = std::ffi::CString::new(options)?;
    let flags = MountFlags::NODEV;
    mount("vm-test", target, "overlay", flags, options.as_c_str())?;
    Ok(())
}

fn attach(tree: OwnedFd, target: &Path) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(tree, c"", CWD, target, flags)?;
    Ok(())
}

/// Returns where a path of the guest is in the keeper's directory.
///
/// Symbolic links of an image are followed as the guest would follow them, never out of its root.
/// No process of the guest runs yet that could change them meanwhile.
pub(super) fn in_root(target: &Path) -> PathBuf {
    let (guests, own) = SHARED_MEMORY;
    if let Ok(below) = target.strip_prefix(guests) {
        return Path::new(own).join(below);
    }
    let root = Path::new(ROOT);
    root.join(follow(target, |path| fs::read_link(root.join(path)).ok()))
}

pub(super) fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    rustix::fs::chmod(path, Mode::from_raw_mode(mode))?;
    Ok(())
}

pub(super) fn empty(path: &Path, mode: u32) -> io::Result<()> {
    let options = std::ffi::CString::new(format!("mode={mode:o}"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("vm-test", path, "tmpfs", flags, options.as_c_str())?;
    Ok(())
}
