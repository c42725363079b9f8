//! Work on the store's files that needs root over all of a guest's ids: unpacking, hashing, removing. It is done by a
//! process of its own in the user's namespaces, without a network; when that is killed, the kernel ends all it started.

use super::{base, digest, import, locks, merge};
use crate::host::idmaps::{IdMaps, Source};
use crate::host::refusal;
use crate::sys::namespaces::{self, Program};
use crate::sys::{handover, idmap, inherited};
use rustix::mount::{MountPropagationFlags, MoveMountFlags, mount_change, move_mount};
use serde::{Deserialize, Serialize};
use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use vm_test::protocol::failure::Failure;
use vm_test::protocol::frame;

/// The argument that makes the program do this.
pub const COMMAND: &str = "__inside";

const CONTROL: i32 = 3;

/// Where a real root's store is seen, with ids mapped.
const STORE: &str = "/run";

/// What to do, with paths relative to the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Task {
    /// Reads what comes from elsewhere, and unpacks it if it is said where.
    Foreign(import::Order),
    /// Copies a file or directory of the host, which comes as a tar archive of one entry, to a path in a layer.
    Place {
        /// The layer's files.
        into: PathBuf,
        /// The path in the guest.
        to: PathBuf,
        /// Permission bits.
        mode: Option<u32>,
    },
    /// Makes directories.
    Make(Vec<PathBuf>),
    /// Hashes a tree.
    Digest(PathBuf),
    /// Removes a tree.
    Remove(PathBuf),
    /// Bootstraps a release of Debian, with packages, into a directory that is made; the program's words go to a log.
    Bootstrap {
        /// The directory.
        into: PathBuf,
        /// The log.
        log: PathBuf,
        /// The release's code name.
        release: String,
        /// The packages.
        packages: Vec<String>,
    },
    /// Writes these layers, the base first, as one root file system to a tar archive, which is the standard output.
    Export(Vec<PathBuf>),
    /// Removes from a layer's files the empty directories on which something was mounted, where no layer below has them.
    Prune {
        /// The layer's files.
        files: PathBuf,
        /// The layers below.
        below: Vec<PathBuf>,
        /// The paths in the guest.
        mounted: Vec<PathBuf>,
    },
}

/// What came of it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Done {
    /// The hash, where one was asked for.
    pub(super) digest: String,
    /// The bytes of the files that were hashed or read.
    pub(super) bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Order {
    task: Task,
    store: PathBuf,
    mapped: bool,
}

/// Has a task done. `input` becomes its standard input.
pub(super) fn perform(store: &Path, task: Task, input: Option<File>) -> Result<Done, Failure> {
    perform_to(store, task, input, None)
}

/// Has a task done that writes to `output`.
pub(super) fn perform_to(
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
        network_namespace: !matches!(task, Task::Bootstrap { .. }),
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
        handover::send(&control, Some(&tree)).map_err(cannot)?;
    }
    let answer: Option<Result<Done, Failure>> = frame::read(&control).map_err(cannot)?;
    let _ = rustix::process::waitid(
        rustix::process::WaitId::PidFd(waiting.pidfd.as_fd()),
        rustix::process::WaitIdOptions::EXITED,
    );
    answer.unwrap_or_else(|| {
        Err(Failure::new(format!(
            "cannot work on the store {}: the process that did was killed",
            store.display()
        )))
    })
}

/// Where programs are, and what may be between this host and a mirror of Debian.
fn environment() -> Vec<CString> {
    let proxies = ["http_proxy", "https_proxy", "no_proxy"];
    let proxies = proxies.iter().filter_map(|name| Some((*name, std::env::var(name).ok()?)));
    std::iter::once(("PATH", base::PATH.to_owned()))
        .chain(proxies)
        .filter_map(|(name, value)| CString::new(format!("{name}={value}")).ok())
        .collect()
}

/// Does a task in a process that was started for it.
pub fn main() -> ExitCode {
    let Ok(control) = inherited::take(CONTROL).map(UnixStream::from) else {
        eprintln!("vm-test: this is started by vm-test only");
        return ExitCode::FAILURE;
    };
    let answer = take_order(&control).and_then(|(store, task)| {
        let cannot =
            |error: io::Error| Failure::new(format!("cannot {}: {error}", describe(&task)));
        let _part = take_part(&store, &task).map_err(cannot)?;
        match &task {
            // It names the entry and the cure itself.
            Task::Foreign(order) => order.carry_out(&store).map(|bytes| Done {
                bytes,
                ..Done::default()
            }),
            task => carry_out(&store, task).map_err(cannot),
        }
    });
    // If the one who ordered is gone, nobody wants to know.
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
        let tree = handover::receive(control)?.ok_or(io::ErrorKind::NotFound)?;
        let flags = MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH;
        move_mount(tree, c"", rustix::fs::CWD, STORE, flags)?;
        Ok(())
    };
    attach().map_err(lost)?;
    Ok((STORE.into(), order.task))
}

fn carry_out(store: &Path, task: &Task) -> io::Result<Done> {
    match task {
        Task::Make(dirs) => {
            for dir in dirs {
                fs::create_dir_all(store.join(dir))?;
            }
        }
        Task::Foreign(_) => return Err(io::ErrorKind::Unsupported.into()),
        Task::Place { into, to, mode } => place(&store.join(into), to, *mode)?,
        Task::Digest(dir) => {
            let (digest, bytes) = digest::of_tree(&store.join(dir))?;
            return Ok(Done { digest, bytes });
        }
        Task::Remove(dir) => match fs::remove_dir_all(store.join(dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        },
        Task::Bootstrap {
            into,
            log,
            release,
            packages,
        } => base::bootstrap(&store.join(into), &store.join(log), release, packages)?,
        Task::Export(layers) => merge::export(store, layers)?,
        Task::Prune {
            files,
            below,
            mounted,
        } => merge::prune(store, files, below, mounted)?,
    }
    Ok(Done::default())
}

/// Whoever removes what is made aside waits until those that write to it are gone, and they may outlive the one who
/// ordered by a moment.
fn take_part(store: &Path, task: &Task) -> io::Result<Option<File>> {
    let path = match task {
        Task::Place { into, .. } | Task::Bootstrap { into, .. } => into,
        Task::Foreign(order) => match order.into() {
            Some(into) => into,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let aside: PathBuf = path.components().take(2).collect();
    locks::take_part(&store.join(aside)).map(Some)
}

/// GNU tar knows all that a root file system may hold; what it refuses, it says.
fn unpack(into: &Path) -> io::Result<()> {
    let output = Command::new("tar")
        .args([
            "--extract",
            "--numeric-owner",
            "--same-permissions",
            "--xattrs",
            "--xattrs-include=*",
        ])
        .args(["--exclude=./dev/*", "--delay-directory-restore"])
        .arg("--directory")
        .arg(into)
        .stdin(Stdio::inherit())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    let words = String::from_utf8_lossy(&output.stderr);
    let last: Vec<_> = words.trim().lines().rev().take(3).collect();
    Err(io::Error::other(format!("tar: {}", last.join("; "))))
}

/// The file comes as the only entry of an archive, so that its kind and permissions come with it.
fn place(layer: &Path, to: &Path, mode: Option<u32>) -> io::Result<()> {
    let relative = to.strip_prefix("/").unwrap_or(to);
    let target = layer.join(relative);
    let parent = target.parent().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(parent)?;
    let own = layer.join(".place");
    fs::create_dir(&own)?;
    unpack(&own)?;
    let entry = fs::read_dir(&own)?
        .next()
        .ok_or(io::ErrorKind::NotFound)??;
    fs::rename(entry.path(), &target)?;
    fs::remove_dir(&own)?;
    if let Some(mode) = mode {
        fs::set_permissions(&target, fs::Permissions::from_mode(mode))?;
    }
    rustix::fs::chown(
        &target,
        Some(rustix::fs::Uid::ROOT),
        Some(rustix::fs::Gid::ROOT),
    )?;
    Ok(())
}

fn describe(task: &Task) -> String {
    match task {
        Task::Make(_) => "make a layer's directories".to_owned(),
        Task::Foreign(order) => format!("import {}", order.name()),
        Task::Place { to, .. } => format!("copy to {}", to.display()),
        Task::Digest(_) => "hash the layer".to_owned(),
        Task::Remove(dir) => format!("remove {}", dir.display()),
        Task::Bootstrap { release, .. } => format!("bootstrap Debian {release}"),
        Task::Export(_) => "write the archive".to_owned(),
        Task::Prune { .. } => "tidy the layer up".to_owned(),
    }
}
