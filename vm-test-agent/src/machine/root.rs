//! Switches from the initramfs to the root on the VM's disk. The agent is carried over, to the path
//! that it has in every kind of guest.

use super::filesystems::{FIRST, SECOND};
use super::{disks, journal};
use rustix::mount::{MountFlags, mount, mount_move};
use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::Path;
use vm_test_protocol::machine::{ENV_JOURNAL, ROOT_DISK};
use vm_test_protocol::{AGENT_PATH, LIBRARIES};

/// Where the disk is mounted before it becomes the root.
const NEW: &str = "/newroot";

/// Where the agent's libraries are in the initramfs.
const BROUGHT: &str = "/lib";

/// Mounts the file systems through which drivers and disks are found.
pub(super) fn see_devices() -> io::Result<()> {
    FIRST
        .iter()
        .try_for_each(|system| system.mount_below(Path::new("/")))
}

/// Makes the disk the root.
pub(super) fn enter() -> io::Result<()> {
    let device = disks::find(ROOT_DISK)?;
    let new = Path::new(NEW);
    fs::create_dir_all(new)?;
    let options = if std::env::var_os(ENV_JOURNAL).is_some() {
        journal::use_in(&device)
            .map_err(|error| cannot(&format!("use the disk {}", device.display()), &error))?;
        c""
    } else {
        // Nothing outlives the VM, so no data needs to be flushed to the disk early.
        c"noauto_da_alloc,nobarrier"
    };
    mount(&device, new, "ext4", MountFlags::NOATIME, options).map_err(|error| {
        cannot(
            &format!("mount the root's disk {}", device.display()),
            &error.into(),
        )
    })?;
    for system in &FIRST {
        let target = system.below(new);
        fs::create_dir_all(&target)?;
        mount_move(system.place, &target)?;
    }
    for system in &SECOND {
        system.mount_below(new)?;
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

/// Copies the agent and its libraries from the initramfs to memory below the new root.
fn bring_agent(new: &Path) -> io::Result<()> {
    let at = |path: &str| new.join(path.trim_start_matches('/'));
    fs::create_dir_all(at(LIBRARIES))?;
    fs::copy("/init", at(AGENT_PATH))?;
    for entry in fs::read_dir(BROUGHT)? {
        let entry = entry?;
        // Directories contain links, for programs that look for libraries there.
        if !entry.file_type()?.is_file() {
            continue;
        }
        fs::copy(entry.path(), at(LIBRARIES).join(entry.file_name()))?;
    }
    Ok(())
}

fn cannot(what: &str, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}
