//! Carries out a plan in the keeper's own mount namespace. Everything it makes is in memory and vanishes with it.

use super::World;
use crate::backend::Machine;
use crate::rootfs::{Lower, Step};
use rustix::fs::{CWD, Gid, Mode, Uid};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_bind,
    mount_change, move_mount, open_tree,
};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};
use vm_test::protocol::AGENT_PATH;
use vm_test::protocol::failure::Failure;

/// The directory of the host over which the keeper mounts its own files, unseen by others. It exists everywhere, no
/// guest has it from the host, and liblxc keeps its locks below it.
const ROOM: &str = "/run";

/// The root file system, below the room.
const ROOT: &str = "root";

/// Where the layer with the agent is, below the room.
const AGENT: &str = "agent";

/// The agent's name where it is installed.
const AGENT_NAME: &str = "vm-test-agent";

/// Where the file system with the devices' files is, below the room.
const DEVICES: &str = "devices";

/// Makes the root file system and all else that the backend needs.
pub(super) fn prepare(world: &World, trees: Vec<Option<OwnedFd>>) -> Result<Machine, Failure> {
    let cannot = |what: &str, cause: &dyn std::fmt::Display| {
        Failure::new(format!(
            "cannot prepare instance {} of guest `{}`: {what}: {cause}",
            world.instance, world.guest
        ))
    };
    let hidden = enter_room(world).map_err(|error| cannot("make its own mounts", &error))?;
    let mut builder = Builder {
        trees,
        hidden,
        layers: 0,
    };
    for step in &world.plan.steps {
        builder.take(step).map_err(|error| {
            let failure = cannot(&describe(step), &error);
            match step {
                Step::Layer { .. } => {
                    failure.hint("`vm-test doctor` finds out what this host allows")
                }
                _ => failure,
            }
        })?;
    }
    for (target, mode) in [("run/lock", 0o1777), ("run/vm-test", 0o755)] {
        make_directory(&Path::new(ROOT).join(target), mode)
            .map_err(|error| cannot(target, &error))?;
    }
    builder
        .place_agent(&world.agent)
        .map_err(|error| cannot("bring the agent in", &error))?;
    if !world.real_root && world.user_namespace {
        // The real root's home is closed to this user; programs want to write to theirs.
        make_directory(&in_root(Path::new("/root")), 0o700)
            .and_then(|()| empty(&in_root(Path::new("/root")), 0o700))
            .map_err(|error| cannot("make a home for root", &error))?;
    }
    if world.device_files {
        builder
            .place_devices()
            .map_err(|error| cannot("bring its devices in", &error))?;
    }
    mount_proc().map_err(|error| cannot("mount its own /proc", &error))?;
    Ok(Machine {
        instance: world.instance.clone(),
        guest: world.guest.clone(),
        room: ROOM.into(),
        root: Path::new(ROOM).join(ROOT),
        devices: devices(world),
        memory: world.memory,
        watch_memory: world.watch_memory,
    })
}

/// Each device with the file that is bound over its path.
fn devices(world: &World) -> Vec<(PathBuf, PathBuf)> {
    let source = |device: &PathBuf| match device.file_name() {
        Some(name) if world.device_files => Path::new(ROOM).join(DEVICES).join(name),
        _ => device.clone(),
    };
    world
        .devices
        .iter()
        .map(|device| (source(device), device.clone()))
        .collect()
}

/// Cuts this namespace off from the host's and makes the room a file system of its own. Returns what that hides.
fn enter_room(world: &World) -> io::Result<Vec<(PathBuf, OwnedFd)>> {
    mount_change(
        "/",
        MountPropagationFlags::PRIVATE | MountPropagationFlags::REC,
    )?;
    let hidden = hidden_sources(world);
    let options = format!("mode=755,size={}", world.memory);
    let options = std::ffi::CString::new(options)?;
    mount(
        "vm-test",
        ROOM,
        "tmpfs",
        MountFlags::NOSUID | MountFlags::NODEV,
        options.as_c_str(),
    )?;
    // Relative paths from here on: those of the host may hold the characters that separate an overlay's options.
    std::env::set_current_dir(ROOM)?;
    for dir in [ROOT, "lower", "upper", "work", "pivot", "lxc"] {
        fs::create_dir(dir)?;
    }
    Ok(hidden)
}

/// The sources below the room, detached before it hides them: removable disks are often mounted there.
fn hidden_sources(world: &World) -> Vec<(PathBuf, OwnedFd)> {
    let path_of = |lower: &Lower| match lower {
        Lower::Path(path) => Some(path.clone()),
        Lower::Tree(_) => None,
    };
    let sources = world.plan.steps.iter().filter_map(|step| match step {
        Step::Layer { lower, .. } => path_of(lower),
        _ => None,
    });
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    sources
        .chain(path_of(&world.agent))
        .filter(|path| path.starts_with(ROOM))
        // What cannot be had now is missed later, by the step that needs it.
        .filter_map(|path| Some((open_tree(CWD, &path, flags).ok()?, path)))
        .map(|(tree, path)| (path, tree))
        .collect()
}

/// The library reads `/proc`, which must be this pid namespace's.
fn mount_proc() -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None)?;
    Ok(())
}

struct Builder {
    trees: Vec<Option<OwnedFd>>,
    hidden: Vec<(PathBuf, OwnedFd)>,
    layers: usize,
}

impl Builder {
    fn take(&mut self, step: &Step) -> io::Result<()> {
        match step {
            Step::Layer { target, lower } => self.overlay(&in_root(target), lower),
            Step::Empty { target, mode } => {
                make_directory(&in_root(target), *mode)?;
                empty(&in_root(target), *mode)
            }
            Step::Directory { target, mode } => make_directory(&in_root(target), *mode),
            Step::Symlink { target, content } => symlink(content, in_root(target)),
            // A mount of it would be the host's own file, and its owner, who may be the guest's root, could write to it.
            Step::File { target, source } => fs::copy(source, in_root(target)).map(drop),
        }
    }

    /// Brings the agent in from a layer over its directory. A mount of the file itself would be the host's own file, and
    /// its owner, who may be the guest's root, could change more than its content.
    fn place_agent(&mut self, directory: &Lower) -> io::Result<()> {
        self.overlay(Path::new(AGENT), directory)?;
        let target = in_root(Path::new(AGENT_PATH));
        fs::File::create(&target)?;
        Ok(mount_bind(Path::new(AGENT).join(AGENT_NAME), target)?)
    }

    fn place_devices(&mut self) -> io::Result<()> {
        fs::create_dir(DEVICES)?;
        let tree = self.trees.pop().flatten();
        attach(tree.ok_or(io::ErrorKind::NotFound)?, Path::new(DEVICES))
    }

    fn bind(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        match self.hidden.iter().position(|(path, _)| path == source) {
            Some(at) => attach(self.hidden.swap_remove(at).1, target),
            None => Ok(mount_bind(source, target)?),
        }
    }

    /// Mounts a layer over a directory at `target`, a path in the room.
    fn overlay(&mut self, target: &Path, lower: &Lower) -> io::Result<()> {
        let number = self.layers;
        let [low, up, work] = ["lower", "upper", "work"].map(|dir| format!("{dir}/{number}"));
        match lower {
            Lower::Path(path) => {
                fs::create_dir(&low)?;
                self.bind(path, Path::new(&low))?;
            }
            Lower::Tree(index) => match self.trees.get_mut(*index).and_then(Option::take) {
                Some(tree) => {
                    fs::create_dir(&low)?;
                    attach(tree, Path::new(&low))?;
                }
                // Only an optional one is missing here; the daemon refuses the lease for any other.
                None => return Ok(()),
            },
        }
        self.layers += 1;
        let meta = fs::metadata(&low)?;
        fs::create_dir(&up)?;
        fs::create_dir(&work)?;
        // The root of an overlay has the owner and the permissions of its upper directory.
        let owner = (Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid()));
        let _ = rustix::fs::chown(&up, Some(owner.0), Some(owner.1));
        rustix::fs::chmod(&up, Mode::from_raw_mode(meta.mode()))?;
        make_directory(target, 0o755)?;
        let options = format!("lowerdir={low},upperdir={up},workdir={work},userxattr");
        let options = std::ffi::CString::new(options)?;
        mount(
            "vm-test",
            target,
            "overlay",
            MountFlags::NODEV,
            options.as_c_str(),
        )?;
        Ok(())
    }
}

fn attach(tree: OwnedFd, target: &Path) -> io::Result<()> {
    let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
    move_mount(tree, c"", CWD, target, flags)?;
    Ok(())
}

fn in_root(target: &Path) -> PathBuf {
    Path::new(ROOT).join(target.strip_prefix("/").unwrap_or(target))
}

fn make_directory(path: &Path, mode: u32) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    fs::create_dir_all(path)?;
    rustix::fs::chmod(path, Mode::from_raw_mode(mode))?;
    Ok(())
}

fn empty(path: &Path, mode: u32) -> io::Result<()> {
    let options = std::ffi::CString::new(format!("mode={mode:o}"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("vm-test", path, "tmpfs", flags, options.as_c_str())?;
    Ok(())
}

fn describe(step: &Step) -> String {
    match step {
        Step::Layer { target, .. } => format!("mount an overlay over {}", target.display()),
        Step::Empty { target, .. } => format!("mount a tmpfs at {}", target.display()),
        Step::Directory { target, .. } => format!("make the directory {}", target.display()),
        Step::Symlink { target, .. } => format!("make the link {}", target.display()),
        Step::File { target, .. } => format!("copy the file {}", target.display()),
    }
}
