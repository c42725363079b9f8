//! What every container has in `/dev`, `/proc` and `/sys`, whatever its image has there.
//!
//! Symbolic links of an image are followed within its root, before any process of the guest runs.

use super::trouble::Trouble;
use crate::backend::container::{Machine, Network};
use rustix::mount::{MountFlags, mount, mount_bind, mount_bind_recursive};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use vm_test_sys::links::follow;

/// Devices that every guest has, which are the host's.
const DEVICES: [&str; 6] = ["full", "null", "random", "tty", "urandom", "zero"];

/// Links to a process's own descriptors, and to the multiplexer of the guest's own terminals.
const LINKS: [(&str, &str); 5] = [
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
    ("ptmx", "pts/ptmx"),
];

/// How many terminals a guest may have.
const TERMINALS: u32 = 1024;

/// The group that terminals belong to on all distributions.
const TTY: u32 = 5;

/// Where a `/proc` and a `/sys` with nothing mounted over them are, below `/dev`.
///
/// In a user namespace the kernel allows to mount one only while another one like that is visible:
/// `ip netns exec` mounts its own `/sys`, and a container within the guest its own `/proc`.
const UNCOVERED: &str = ".lxc";

/// They name the user's keys, who is root in an ordinary user's guest. The keys themselves a filter
/// of the keeper's refuses.
const COVERED: [&str; 2] = ["keys", "key-users"];

/// Makes the guest's `/dev`.
pub(super) fn make_dev(machine: &Machine) -> Result<(), Trouble> {
    let dev = place(machine, Path::new("/dev"));
    fill_dev(machine, &dev).map_err(|error| Trouble::mounting("make its /dev", &error))?;
    for (source, path) in &machine.devices {
        bind_device(source, &place(machine, path)).map_err(|error| {
            Trouble::mounting(&format!("bring its {} in", path.display()), &error)
        })?;
    }
    Ok(())
}

fn fill_dev(machine: &Machine, dev: &Path) -> io::Result<()> {
    fs::create_dir_all(dev)?;
    let own = MountFlags::NOSUID;
    mount("none", dev, "tmpfs", own, c"mode=755,size=500000")?;
    for name in DEVICES {
        bind_device(&Path::new("/dev").join(name), &dev.join(name))?;
    }
    for (name, content) in LINKS {
        symlink(content, dev.join(name))?;
    }
    let made = |name: &str| {
        let path = dev.join(name);
        fs::create_dir(&path).map(|()| path)
    };
    terminals(&made("pts")?)?;
    let shm = made("shm")?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    match &machine.shared_memory {
        Some(source) => mount_bind_recursive(source, &shm)?,
        None => mount("shm", &shm, "tmpfs", flags, c"mode=1777")?,
    }
    // A kernel may lack it.
    let _ = mount(
        "mqueue",
        made("mqueue")?,
        "mqueue",
        flags | MountFlags::NOEXEC,
        None,
    );
    Ok(())
}

/// Mounts the guest's own terminals.
fn terminals(pts: &Path) -> io::Result<()> {
    let flags = MountFlags::NOSUID | MountFlags::NOEXEC;
    let options = format!("newinstance,ptmxmode=0666,mode=0620,max={TERMINALS}");
    let of_group = std::ffi::CString::new(format!("{options},gid={TTY}"))?;
    match mount("devpts", pts, "devpts", flags, of_group.as_c_str()) {
        // A user with few subordinate ids has no such group.
        Err(rustix::io::Errno::INVAL) => {
            let options = std::ffi::CString::new(options)?;
            mount("devpts", pts, "devpts", flags, options.as_c_str())?;
        }
        done => done?,
    }
    Ok(())
}

/// Binds a device over a new file.
fn bind_device(source: &Path, target: &Path) -> io::Result<()> {
    if let Some(parent) = target.parent() {
        fs::create_dir_all(parent)?;
    }
    match File::create_new(target) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    Ok(mount_bind(source, target)?)
}

/// Mounts what shows the namespaces of the process that calls this, which is the guest's first.
pub(super) fn show_namespaces(machine: &Machine) -> Result<(), Trouble> {
    let proc = show(machine, "proc", "proc");
    let proc = proc.map_err(|error| Trouble::mounting("mount its /proc", &error))?;
    for name in COVERED {
        match mount_bind("/dev/null", proc.join(name)) {
            // A kernel without keys has no such file.
            Ok(()) | Err(rustix::io::Errno::NOENT) => {}
            Err(error) => {
                let what = format!("cover its /proc/{name}");
                return Err(Trouble::mounting(&what, &error.into()));
            }
        }
    }
    // A sysfs shows one network, and only its owner may mount it.
    if !matches!(machine.network, Network::Host) {
        show(machine, "sysfs", "sys")
            .map_err(|error| Trouble::mounting("mount its /sys", &error))?;
    }
    Ok(())
}

/// Mounts a file system of this kind, once for use and once more uncovered; returns where it is.
fn show(machine: &Machine, kind: &str, name: &str) -> io::Result<PathBuf> {
    let target = place(machine, &Path::new("/").join(name));
    fs::create_dir_all(&target)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    mount(kind, &target, kind, flags, None)?;
    let uncovered = place(machine, &Path::new("/dev").join(UNCOVERED).join(name));
    fs::create_dir_all(&uncovered)?;
    mount_bind(&target, &uncovered)?;
    Ok(target)
}

/// Returns where a path of the guest is.
fn place(machine: &Machine, path: &Path) -> PathBuf {
    let root = &machine.root;
    root.join(follow(path, |path| fs::read_link(root.join(path)).ok()))
}
