//! From the initial file system in memory to the root on the machine's disk: mounts, and the change of root. The agent
//! comes along, to a place that every kind of guest has it at.

use super::disks;
use rustix::mount::{MountFlags, mount, mount_move};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use vm_test::protocol::machine::ROOT_DISK;
use vm_test::protocol::{AGENT_PATH, LIBRARIES};

/// Where the disk is mounted before it becomes the root.
const NEW: &str = "/newroot";

/// Where the libraries of the agent are in the initial file system.
const BROUGHT: &str = "/lib";

/// What is mounted below the root: type, place, options, permissions of the place.
const MOUNTS: [(&str, &str, &str); 9] = [
    ("devtmpfs", "/dev", "mode=755"),
    ("proc", "/proc", ""),
    ("sysfs", "/sys", ""),
    ("tmpfs", "/run", "mode=755"),
    ("tmpfs", "/tmp", "mode=1777"),
    ("devpts", "/dev/pts", "mode=620,ptmxmode=666,gid=5"),
    ("tmpfs", "/dev/shm", "mode=1777"),
    ("mqueue", "/dev/mqueue", ""),
    ("cgroup2", "/sys/fs/cgroup", ""),
];

/// Mounts what drivers and disks are found by.
pub(super) fn see_devices() -> io::Result<()> {
    for (kind, place, options) in &MOUNTS[..3] {
        mount_at(kind, Path::new(place), options)?;
    }
    Ok(())
}

/// Makes the disk the root.
pub(super) fn enter() -> io::Result<()> {
    let device = disks::find(ROOT_DISK)?;
    let new = Path::new(NEW);
    fs::create_dir_all(new)?;
    // Nothing outlives the machine, so nothing is in a hurry to reach the disk.
    let options = c"noauto_da_alloc,nobarrier";
    mount(&device, new, "ext4", MountFlags::NOATIME, options).map_err(|error| {
        cannot(
            &format!("mount the root's disk {}", device.display()),
            &error.into(),
        )
    })?;
    for (index, (kind, place, options)) in MOUNTS.iter().enumerate() {
        let target = new.join(place.trim_start_matches('/'));
        if index < 3 {
            fs::create_dir_all(&target)?;
            mount_move(*place, &target)?;
        } else {
            mount_at(kind, &target, options)?;
        }
    }
    bring_agent(new).map_err(|error| cannot("bring the agent along", &error))?;
    std::env::set_current_dir(new)?;
    mount_move(".", "/")?;
    rustix::process::chroot(".")?;
    std::env::set_current_dir("/")?;
    for (link, content) in [
        ("/dev/fd", "/proc/self/fd"),
        ("/dev/stdin", "/proc/self/fd/0"),
        ("/dev/stdout", "/proc/self/fd/1"),
        ("/dev/stderr", "/proc/self/fd/2"),
    ] {
        // A kernel may have made them.
        let _ = symlink(content, link);
    }
    Ok(())
}

fn mount_at(kind: &str, place: &Path, options: &str) -> io::Result<()> {
    fs::create_dir_all(place)?;
    let options = std::ffi::CString::new(options)?;
    mount(
        "vm-test",
        place,
        kind,
        MountFlags::NOSUID,
        options.as_c_str(),
    )
    .map_err(|error| {
        cannot(
            &format!("mount {kind} at {}", place.display()),
            &error.into(),
        )
    })
}

/// Copies the agent and its libraries, which are in memory so far, to memory below the new root.
fn bring_agent(new: &Path) -> io::Result<()> {
    let at = |path: &str| new.join(path.trim_start_matches('/'));
    fs::create_dir_all(at(LIBRARIES))?;
    fs::copy("/init", at(AGENT_PATH))?;
    for entry in fs::read_dir(BROUGHT)? {
        let entry = entry?;
        // Directories hold links, for programs that look for libraries there.
        if !entry.file_type()?.is_file() {
            continue;
        }
        fs::copy(entry.path(), at(LIBRARIES).join(entry.file_name()))?;
    }
    fs::create_dir_all(at("/run/lock"))
}

fn cannot(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}
