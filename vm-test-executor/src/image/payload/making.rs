//! Makes a disk with files of the host, using `mke2fs`.
//!
//! It runs in a separate mount namespace that has all the files below one directory. An
//! unprivileged user's files become root's, as in a container.

use super::item::{DISK, Item};
use super::owners;
use super::walk::Survey;
use crate::host::idmaps::{IdMaps, Source};
use crate::host::refusal;
use crate::image::layer::bootstrap;
use rustix::fs::{CWD, FileType, fstat};
use rustix::mount::{
    MountFlags, MountPropagationFlags, MoveMountFlags, OpenTreeFlags, mount, mount_bind,
    mount_change, move_mount, open_tree,
};
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_sys::inherited;
use vm_test_sys::namespaces::{self, Program};

/// The argument that makes the program run as this process.
pub const COMMAND: &str = "__payload";

const CONTROL: i32 = 3;

/// Where the files are collected, in a mount that no other process sees.
const SCRATCH: &str = "/run";

/// The maximum average overhead of a file, in bytes.
const PER_FILE: u64 = 4096 + 512;

/// The overhead of an empty file system, in bytes.
const EMPTY: u64 = 8 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    disk: PathBuf,
    items: Vec<Item>,
    /// The space that the content needs, in bytes.
    bytes: u64,
    entries: u64,
    /// Whether ids of other users appear as `nobody` to the process that makes the disk.
    hides_ids: bool,
}

/// Makes the disk in an empty directory.
pub(super) fn make(aside: &Path, items: &[Item], all: &Survey, size: u64) -> Result<(), Failure> {
    let cannot = |error: io::Error| {
        Failure::new(format!("cannot make the disk {}: {error}", aside.display()))
    };
    let disk = aside.join(DISK);
    let file = File::create(&disk).map_err(cannot)?;
    let order = Order {
        disk: disk.clone(),
        items: items.to_vec(),
        bytes: all.bytes,
        entries: all.entries,
        hides_ids: IdMaps::of_this_user().source != Source::Root,
    };
    run_worker(&order).map_err(|failure| {
        failure.reworded(|cause| format!("cannot make the disk {}: {cause}", disk.display()))
    })?;
    // The size does not depend on the content.
    file.set_len(size).map_err(cannot)
}

fn run_worker(order: &Order) -> Result<(), Failure> {
    let plain = |error: io::Error| Failure::new(error.to_string());
    let maps = IdMaps::of_this_user();
    let as_root = maps.source == Source::Root;
    let (control, theirs) = UnixStream::pair().map_err(plain)?;
    let theirs = OwnedFd::from(theirs);
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .map_err(plain)?;
    let program = Program {
        path: c"/proc/self/exe".into(),
        args: vec![c"vm-test".into(), CString::new(COMMAND).unwrap_or_default()],
        environment: vec![CString::new(format!("PATH={}", bootstrap::PATH)).unwrap_or_default()],
        descriptors: vec![null.as_fd(), null.as_fd(), null.as_fd(), theirs.as_fd()],
        // Real root reads everything directly.
        user_namespace: !as_root,
        network_namespace: true,
        // The workspace may be readable only through a supplementary group. No guest code runs
        // here.
        keep_groups: !as_root,
    };
    let waiting = namespaces::start(&program).map_err(|error| refusal::of_namespaces(&error))?;
    drop(theirs);
    if !as_root {
        maps.write(waiting.pid, 0)?;
    }
    waiting.go().map_err(plain)?;
    frame::write(&control, order).map_err(plain)?;
    let answer: Option<Result<(), String>> = frame::read(&control).map_err(plain)?;
    let _ = rustix::process::waitid(
        rustix::process::WaitId::PidFd(waiting.pidfd.as_fd()),
        rustix::process::WaitIdOptions::EXITED,
    );
    match answer {
        Some(Ok(())) => Ok(()),
        Some(Err(words)) => Err(Failure::new(words)),
        None => Err(Failure::new("the worker process was killed")),
    }
}

/// Makes a disk in a process that was started for it.
pub fn main() -> ExitCode {
    let Ok(control) = inherited::take(CONTROL).map(UnixStream::from) else {
        eprintln!("vm-test: internal command: only vm-test itself may start it");
        return ExitCode::FAILURE;
    };
    let _ = inherited::set_inheritable(&control, false);
    let answer = frame::read(&control)
        .and_then(|order: Option<Order>| order.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()))
        .and_then(|order| carry_out(&order))
        .map_err(|error| error.to_string());
    // If the parent is gone, there is nobody to report to.
    let _ = frame::write(&control, &answer);
    ExitCode::SUCCESS
}

fn carry_out(order: &Order) -> io::Result<()> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    mount_change("/", private)?;
    let flags = OpenTreeFlags::OPEN_TREE_CLONE
        | OpenTreeFlags::OPEN_TREE_CLOEXEC
        | OpenTreeFlags::AT_RECURSIVE;
    // Before the tmpfs hides any of them.
    let trees = order
        .items
        .iter()
        .map(|item| open_tree(CWD, &item.path, flags).map_err(|error| of(&item.path, error.into())))
        .collect::<io::Result<Vec<_>>>()?;
    let disk = File::options().read(true).write(true).open(&order.disk)?;
    mount("vm-test", SCRATCH, "tmpfs", MountFlags::NOSUID, c"mode=755")?;
    let scratch = Path::new(SCRATCH);
    let content = scratch.join("content");
    fs::create_dir(&content)?;
    fs::write(scratch.join("nothing"), "")?;
    for ((number, item), tree) in order.items.iter().enumerate().zip(trees) {
        let place = content.join(number.to_string());
        // By its descriptor, since the tmpfs may hide its path.
        let meta = fstat(&tree).map_err(|error| of(&item.path, error.into()))?;
        if FileType::from_raw_mode(meta.st_mode).is_dir() {
            fs::create_dir(&place)?;
        } else {
            fs::write(&place, "")?;
        }
        move_mount(
            tree,
            c"",
            CWD,
            &place,
            MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH,
        )?;
        let inner = |path: &Path| place.join(path.strip_prefix(&item.path).unwrap_or(path));
        for bare in &item.bare {
            mount(
                "vm-test",
                inner(bare),
                "tmpfs",
                MountFlags::NOSUID,
                c"mode=755",
            )?;
        }
        for closed in &item.closed {
            mount_bind(scratch.join("nothing"), inner(closed))?;
        }
    }
    run_mke2fs(order, &content, &disk)?;
    if order.hides_ids {
        owners::give_to_root(&disk)
    } else {
        Ok(())
    }
}

fn of(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

fn run_mke2fs(order: &Order, content: &Path, disk: &File) -> io::Result<()> {
    let room = order.bytes + order.bytes / 32 + order.entries * PER_FILE + EMPTY;
    disk.set_len(room)?;
    // By its descriptor, since the tmpfs may hide its path.
    inherited::set_inheritable(disk, true)?;
    let path = format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(disk));
    let output = Command::new("mke2fs")
        .args(["-q", "-F", "-t", "ext4", "-b", "4096", "-m", "0"])
        .args([
            "-O",
            "^has_journal,^resize_inode,^metadata_csum",
            "-I",
            "256",
        ])
        .args(["-E", "lazy_itable_init=1,nodiscard,root_owner=0:0"])
        .args(["-N", &(order.entries + 64).to_string()])
        .arg("-d")
        .arg(content)
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| of(Path::new("mke2fs"), error))?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last = words.trim().lines().last().unwrap_or("it did not say why");
    Err(io::Error::other(format!("mke2fs: {last}")))
}
