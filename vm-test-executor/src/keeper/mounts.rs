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
        .place_file(&world.agent, &in_root(Path::new(AGENT_PATH)))
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
        loader: world.loader.clone(),
        host_network: world.host_network,
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
    let lowers = world.plan.steps.iter().flat_map(|step| match step {
        Step::Layer { lower, .. } => vec![lower],
        Step::Stack { below, above, .. } => below.iter().chain(above).collect(),
        Step::File { source, .. } => vec![source],
        _ => Vec::new(),
    });
    let flags = OpenTreeFlags::OPEN_TREE_CLONE | OpenTreeFlags::OPEN_TREE_CLOEXEC;
    lowers
        .chain([&world.agent])
        .filter_map(|lower| match lower {
            Lower::Path(path) => Some(path.clone()),
            Lower::Tree(_) => None,
        })
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
            Step::Layer { target, lower } => self.layer(target, lower),
            Step::Stack {
                target,
                below,
                above,
            } => self.stack(target, below, above.as_ref()),
            Step::Empty { target, mode } => {
                make_directory(&in_root(target), *mode)?;
                empty(&in_root(target), *mode)
            }
            Step::Directory { target, mode } => make_directory(&in_root(target), *mode),
            Step::Symlink { target, content } => symlink(content, in_root(target)),
            Step::File { target, source } => {
                let target = in_root(target);
                make_directory(target.parent().unwrap_or(Path::new(ROOT)), 0o755)?;
                self.place_file(source, &target)
            }
        }
    }

    fn place_file(&mut self, source: &Lower, target: &Path) -> io::Result<()> {
        match source {
            Lower::Path(path) => self.bind_file(path, target),
            Lower::Tree(index) => {
                let tree = self.trees.get_mut(*index).and_then(Option::take);
                fs::File::create(target)?;
                attach(tree.ok_or(io::ErrorKind::NotFound)?, target)
            }
        }
    }

    fn place_devices(&mut self) -> io::Result<()> {
        fs::create_dir(DEVICES)?;
        let tree = self.trees.pop().flatten();
        attach(tree.ok_or(io::ErrorKind::NotFound)?, Path::new(DEVICES))
    }

    fn bind_file(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        fs::File::create(target)?;
        self.bind(source, target)
    }

    fn bind(&mut self, source: &Path, target: &Path) -> io::Result<()> {
        match self.hidden.iter().position(|(path, _)| path == source) {
            Some(at) => attach(self.hidden.swap_remove(at).1, target),
            None => Ok(mount_bind(source, target)?),
        }
    }

    fn layer(&mut self, target: &Path, lower: &Lower) -> io::Result<()> {
        let number = self.layers;
        let [low, up, work] = ["lower", "upper", "work"].map(|dir| format!("{dir}/{number}"));
        if !self.place_directory(lower, &low)? {
            return Ok(());
        }
        self.layers += 1;
        let meta = fs::metadata(&low)?;
        fs::create_dir(&up)?;
        fs::create_dir(&work)?;
        // The root of an overlay has the owner and the permissions of its upper directory.
        let owner = (Uid::from_raw(meta.uid()), Gid::from_raw(meta.gid()));
        let _ = rustix::fs::chown(&up, Some(owner.0), Some(owner.1));
        rustix::fs::chmod(&up, Mode::from_raw_mode(meta.mode()))?;
        let target = in_root(target);
        if number > 0 || target != Path::new(ROOT) {
            make_directory(&target, 0o755)?;
        }
        overlay(&target, &low, &up, &work)
    }

    fn stack(&mut self, target: &Path, below: &[Lower], above: Option<&Lower>) -> io::Result<()> {
        let number = self.layers;
        self.layers += 1;
        let mut lows = Vec::new();
        for (index, lower) in below.iter().enumerate() {
            let low = format!("lower/{number}.{index}");
            self.place_directory(lower, &low)?;
            // The uppermost comes first in the option.
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

    /// Attaches a directory of the host; false if it is an optional one that is missing.
    fn place_directory(&mut self, lower: &Lower, place: &str) -> io::Result<bool> {
        match lower {
            Lower::Path(path) => {
                fs::create_dir(place)?;
                self.bind(path, Path::new(place))?;
            }
            Lower::Tree(index) => match self.trees.get_mut(*index).and_then(Option::take) {
                Some(tree) => {
                    fs::create_dir(place)?;
                    attach(tree, Path::new(place))?;
                }
                // The daemon refuses the lease for any but an optional one.
                None => return Ok(false),
            },
        }
        Ok(true)
    }
}

fn overlay(target: &Path, lower: &str, upper: &str, work: &str) -> io::Result<()> {
    let options = format!("lowerdir={lower},upperdir={upper},workdir={work},userxattr");
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
        Step::Layer { target, .. } | Step::Stack { target, .. } => {
            format!("mount an overlay over {}", target.display())
        }
        Step::Empty { target, .. } => format!("mount a tmpfs at {}", target.display()),
        Step::Directory { target, .. } => format!("make the directory {}", target.display()),
        Step::Symlink { target, .. } => format!("make the link {}", target.display()),
        Step::File { target, .. } => format!("bind the file {}", target.display()),
    }
}
