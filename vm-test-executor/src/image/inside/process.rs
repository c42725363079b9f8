//! The process that works on the store's files as root over all of a guest's ids.
//!
//! It runs in the user's namespaces, without a network; if it is killed, the kernel ends everything
//! it started.

use super::task::{Done, Task, carry_out, describe, take_part};
use crate::host::idmaps::{IdMaps, Source};
use crate::host::refusal;
use crate::image::layer::digest::Digest;
use crate::image::layer::{bootstrap, removal};
use rustix::mount::{MountPropagationFlags, MoveMountFlags, mount_change, move_mount};
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::frame;
use vm_test_protocol::harvest::ENV_PROFILE;
use vm_test_sys::namespaces::{self, Program};
use vm_test_sys::{btrfs, handover, idmap, inherited};

/// The argument that makes the program run as this process.
pub const COMMAND: &str = "__inside";

const CONTROL: i32 = 3;

/// Where the store of a real root is mounted, with mapped ids.
const STORE: &str = "/run";

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    task: Task,
    store: PathBuf,
    mapped: bool,
}

/// Performs a task; `input` becomes its standard input.
pub(in crate::image) fn perform(
    store: &Path,
    task: Task,
    input: Option<File>,
) -> Result<Done, Failure> {
    perform_to(store, task, input, None)
}

/// Performs a task that hashes; returns the hash and the size of the files.
pub(in crate::image) fn hash(store: &Path, task: Task) -> Result<(Digest, u64), Failure> {
    let what = describe(&task);
    let done = perform(store, task, None)?;
    match done.digest {
        Some(digest) => Ok((digest, done.bytes)),
        None => Err(Failure::new(format!(
            "cannot {what}: there is no hash of it"
        ))),
    }
}

/// Removes something from the store.
///
/// A subvolume that this process may destroy needs no separate process.
pub(in crate::image) fn remove(store: &Path, path: &Path) -> Result<(), Failure> {
    let place = path.parent().zip(path.file_name());
    let destroyed = place.is_some_and(|(parent, name)| {
        let is_subvolume = File::open(path).is_ok_and(|file| btrfs::is_subvolume(&file));
        is_subvolume
            && File::open(parent)
                .and_then(|dir| removal::destroy(&dir, name))
                .is_ok()
    });
    if destroyed {
        return Ok(());
    }
    let relative = path.strip_prefix(store).unwrap_or(path).to_path_buf();
    perform(store, Task::Remove(relative), None).map(drop)
}

/// Performs a task that writes to `output`.
pub(in crate::image) fn perform_to(
    store: &Path,
    task: Task,
    input: Option<File>,
    output: Option<File>,
) -> Result<Done, Failure> {
    let cannot = |error: io::Error| {
        Failure::new(format!(
            "cannot work on the store {}: {error}",
            store.display()
        ))
    };
    let maps = IdMaps::of_this_user();
    let (control, theirs) = UnixStream::pair().map_err(cannot)?;
    let theirs = OwnedFd::from(theirs);
    let null = File::options()
        .read(true)
        .write(true)
        .open("/dev/null")
        .map_err(cannot)?;
    let errors = io::stderr();
    let archive = input.as_ref().unwrap_or(&null);
    let output = output.as_ref().unwrap_or(&null);
    let program = Program {
        path: c"/proc/self/exe".into(),
        args: vec![c"vm-test".into(), CString::new(COMMAND).unwrap_or_default()],
        environment: environment(),
        descriptors: vec![
            archive.as_fd(),
            output.as_fd(),
            errors.as_fd(),
            theirs.as_fd(),
        ],
        user_namespace: true,
        network_namespace: !matches!(task, Task::Bootstrap { .. } | Task::Kernel { .. }),
        keep_groups: false,
    };
    let waiting = namespaces::start(&program).map_err(|error| refusal::of_namespaces(&error))?;
    drop(theirs);
    maps.write(waiting.pid, 0)?;
    let mapped = maps.source == Source::Root;
    let namespace = File::open(format!("/proc/{}/ns/user", waiting.pid)).map_err(cannot)?;
    waiting.go().map_err(cannot)?;
    let order = Order {
        task,
        store: store.to_path_buf(),
        mapped,
    };
    frame::write(&control, &order).map_err(cannot)?;
    if mapped {
        let tree = idmap::detached_copy(store, Some(&namespace.into())).map_err(cannot)?;
        handover::send(&control, &tree).map_err(cannot)?;
    }
    let answer: Option<Result<Done, Failure>> = frame::read(&control).map_err(cannot)?;
    let _ = rustix::process::waitid(
        rustix::process::WaitId::PidFd(waiting.pidfd.as_fd()),
        rustix::process::WaitIdOptions::EXITED,
    );
    answer.unwrap_or_else(|| {
        Err(Failure::new(format!(
            "cannot work on the store {}: the worker process was killed",
            store.display()
        )))
    })
}

/// Variables that the process inherits.
///
/// They are proxies for the Debian mirror, and the file for coverage profiles.
const KEPT: [&str; 4] = ["http_proxy", "https_proxy", "no_proxy", ENV_PROFILE];

/// Returns the environment: these variables and `PATH`.
fn environment() -> Vec<CString> {
    let kept = KEPT
        .iter()
        .filter_map(|name| Some((*name, std::env::var(name).ok()?)));
    std::iter::once(("PATH", bootstrap::PATH.to_owned()))
        .chain(kept)
        .filter_map(|(name, value)| CString::new(format!("{name}={value}")).ok())
        .collect()
}

/// Performs a task in a process that was started for it.
pub fn main() -> ExitCode {
    let Ok(control) = inherited::take(CONTROL).map(UnixStream::from) else {
        eprintln!("vm-test: internal command: only vm-test itself may start it");
        return ExitCode::FAILURE;
    };
    let answer = take_order(&control).and_then(|(store, task)| {
        let cannot =
            |error: io::Error| Failure::new(format!("cannot {}: {error}", describe(&task)));
        let _part = take_part(&store, &task).map_err(cannot)?;
        match &task {
            // Its failures already name the entry and the hint.
            Task::Foreign(order) => order.carry_out(&store).map(|(bytes, remarks)| Done {
                bytes,
                remarks,
                ..Done::default()
            }),
            task => carry_out(&store, task).map_err(cannot),
        }
    });
    // If the parent is gone, there is nobody to report to.
    let _ = frame::write(&control, &answer);
    ExitCode::SUCCESS
}

fn take_order(control: &UnixStream) -> Result<(PathBuf, Task), Failure> {
    let lost = |error: io::Error| Failure::new(format!("cannot take the order: {error}"));
    let _ = inherited::set_inheritable(control, false);
    let order: Order = frame::read(control)
        .map_err(lost)?
        .ok_or_else(|| lost(io::ErrorKind::UnexpectedEof.into()))?;
    if !order.mapped {
        return Ok((order.store, order.task));
    }
    let attach = || -> io::Result<()> {
        let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
        mount_change("/", private)?;
        let tree = handover::receive(control)?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        move_mount(tree, c"", rustix::fs::CWD, STORE, flags)?;
        Ok(())
    };
    attach().map_err(lost)?;
    Ok((STORE.into(), order.task))
}
