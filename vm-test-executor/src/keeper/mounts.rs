//! Carries out a plan in the keeper's own mount namespace. Everything it makes is in memory and
//! vanishes with it.

use super::builder::{Builder, DEVICES, ROOT, SHARED_MEMORY, empty, in_root, make_directory};
use super::handed::Handed;
use super::world::{Assignment, Container, Network};
use super::{outside, own_name};
use crate::backend::{self, Boot, Machine, ROOM};
use crate::host::refusal;
use crate::rootfs::{Lower, Step};
use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use vm_test_protocol::errno::Tried;
use vm_test_protocol::failure::Failure;
use vm_test_sys::idmap;

/// Makes the root file system and everything else that the backend needs.
pub(super) fn prepare(
    assignment: &Assignment,
    container: &Container,
    handed: Handed,
    network: backend::Network,
    boot: Option<Boot>,
) -> Result<Machine, Failure> {
    let subject = format!(
        "instance {} of guest `{}`",
        assignment.instance, assignment.guest
    );
    let plain = |what: &str, error: &io::Error| {
        Failure::new(format!("cannot prepare {subject}: {what}: {error}"))
    };
    let cannot = |what: &str, error: &io::Error| plain(what, error).because(Tried::File, error);
    let not_mounted = |what: &str, error: &io::Error| {
        let failure = refusal::in_namespaces(plain(what, error), error);
        match failure.hint {
            Some(_) => failure,
            None => failure.hint("`vm-test doctor` checks what this host allows"),
        }
    };
    let hidden =
        enter_room(assignment).map_err(|error| not_mounted("make its own mounts", &error))?;
    if !container.plan.steps.iter().any(is_the_root) {
        // Its parts become mounts, but the root itself must be one, too.
        mount_bind(ROOT, ROOT).map_err(|error| not_mounted("make its root", &error.into()))?;
    }
    let mut builder = Builder {
        trees: handed.trees,
        device_files: handed.device_files,
        hidden,
        layers: 0,
    };
    let shares_memory = container.plan.steps.iter().any(is_in_shared_memory);
    if shares_memory {
        let place = Path::new(SHARED_MEMORY.1);
        fs::create_dir(place)
            .and_then(|()| empty(place, 0o1777))
            .map_err(|error| cannot("make its /dev/shm", &error))?;
    }
    for step in &container.plan.steps {
        builder.take(step).map_err(|error| {
            let what = describe(step);
            match step {
                Step::Directory { .. }
                | Step::Symlink { .. }
                | Step::File { .. }
                | Step::Copy { .. } => cannot(&what, &error),
                _ => not_mounted(&what, &error),
            }
        })?;
    }
    complete(assignment, container, &mut builder).map_err(|(what, error)| cannot(what, &error))?;
    // liblxc reads it, and so does what limits processes.
    if boot.is_some() || container.watch_memory {
        mount_proc().map_err(|error| not_mounted("mount its own /proc", &error))?;
    }
    Ok(Machine {
        instance: assignment.instance.clone(),
        guest: assignment.guest.clone(),
        room: ROOM.into(),
        root: Path::new(ROOM).join(ROOT),
        devices: devices(assignment),
        shared_memory: shares_memory.then(|| Path::new(ROOM).join(SHARED_MEMORY.1)),
        loader: container.loader.clone(),
        network,
        memory: assignment.room,
        watch_memory: container.watch_memory,
        ahead: container.ahead,
        boot,
    })
}

/// Adds what every container has besides its plan; an error has what was attempted.
fn complete(
    assignment: &Assignment,
    container: &Container,
    builder: &mut Builder,
) -> Result<(), (&'static str, io::Error)> {
    for (target, mode) in [("run/lock", 0o1777), ("run/vm-test", 0o755)] {
        make_directory(&in_root(Path::new(target)), mode).map_err(|error| (target, error))?;
    }
    builder
        .place_agent(&container.agent)
        .map_err(|error| ("bring the agent in", error))?;
    if !container.real_root && !container.privileged {
        // The real root's home is closed to this user, but programs expect to write to theirs.
        make_directory(&in_root(Path::new("/root")), 0o700)
            .and_then(|()| empty(&in_root(Path::new("/root")), 0o700))
            .map_err(|error| ("make a home for root", error))?;
    }
    own_name::give(&container.plan, &assignment.guest, &assignment.hosts)
        .map_err(|error| ("write its /etc/hosts", error))?;
    if assignment.device_files {
        builder
            .place_devices()
            .map_err(|error| ("bring its devices in", error))?;
    }
    if assignment.network == Network::User {
        own_name::replace(
            &in_root(Path::new("/etc")).join("resolv.conf"),
            outside::RESOLVER.as_bytes(),
        )
        .map_err(|error| ("write its /etc/resolv.conf", error))?;
    }
    Ok(())
}

/// Returns each device: the file that is bound, and its path in the guest.
pub(super) fn devices(assignment: &Assignment) -> Vec<(PathBuf, PathBuf)> {
    let source = |device: &PathBuf| match device.file_name() {
        Some(name) if assignment.device_files => Path::new(ROOM).join(DEVICES).join(name),
        _ => device.clone(),
    };
    assignment
        .devices
        .iter()
        .map(|device| (source(device), device.clone()))
        .collect()
}

/// Detaches this namespace from the host's and mounts the keeper's directory.
///
/// Returns the sources that this mount hides.
pub(super) fn enter_room(assignment: &Assignment) -> io::Result<Vec<(PathBuf, OwnedFd)>> {
    cut_off()?;
    let hidden = hidden_sources(assignment);
    make_room(assignment.room)?;
    // Relative paths from here on: a path of the host may contain characters that separate an
    // overlay's options.
    std::env::set_current_dir(ROOM)?;
    for dir in [ROOT, "lower", "upper", "work", "pivot", "lxc"] {
        fs::create_dir(dir)?;
    }
    Ok(hidden)
}

/// Prevents mounts made here from appearing on the host.
pub(super) fn cut_off() -> io::Result<()> {
    let flags = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    Ok(mount_change("/", flags)?)
}

/// Mounts a file system of this size, in which everything else is made.
pub(super) fn make_room(size: u64) -> io::Result<()> {
    let options = std::ffi::CString::new(format!("mode=755,size={size}"))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    mount("vm-test", ROOM, "tmpfs", flags, options.as_c_str())?;
    Ok(())
}

/// Returns the sources below the keeper's directory, detached before its mount hides them:
/// removable disks are often mounted there.
fn hidden_sources(assignment: &Assignment) -> Vec<(PathBuf, OwnedFd)> {
    assignment
        .lowers()
        .into_iter()
        .filter_map(|lower| match lower {
            Lower::Path(path) => Some(path.clone()),
            Lower::Tree(_) => None,
        })
        .filter(|path| path.starts_with(ROOM))
        // The step that needs a missing path reports it.
        .filter_map(|path| Some((idmap::detached_copy(&path, None).ok()?, path)))
        .map(|(tree, path)| (path, tree))
        .collect()
}

/// Mounts `/proc` for this pid namespace.
pub(super) fn mount_proc() -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount("proc", "/proc", "proc", flags, None)?;
    Ok(())
}

fn is_the_root(step: &Step) -> bool {
    step.target() == Path::new("/")
}

fn is_in_shared_memory(step: &Step) -> bool {
    step.target().starts_with(SHARED_MEMORY.0)
}

fn describe(step: &Step) -> String {
    match step {
        Step::Layer { target, .. } | Step::Stack { target, .. } => {
            format!("mount an overlay over {}", target.display())
        }
        Step::Own { target, .. } => format!("mount a snapshot at {}", target.display()),
        Step::Empty { target, .. } => format!("mount a tmpfs at {}", target.display()),
        Step::Directory { target, .. } => format!("make the directory {}", target.display()),
        Step::Symlink { target, .. } => format!("make the link {}", target.display()),
        Step::File { target, .. } => format!("copy the file {}", target.display()),
        Step::ReadOnly { target, .. } => format!("mount a directory at {}", target.display()),
        Step::Copy { target, .. } => format!("copy the host's files to {}", target.display()),
    }
}
