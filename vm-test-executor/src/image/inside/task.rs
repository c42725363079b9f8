//! The tasks of the process in the user's namespaces, on the store's files.
//!
//! Does not know how the process was started.

use crate::image::layer::digest::Digest;
use crate::image::layer::release::Release;
use crate::image::layer::stacked::Stack;
use crate::image::layer::{archiver, bootstrap, flatten, lock, merge, removal, tree};
use crate::image::{archive, boot};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A task, with paths relative to the store.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::image) enum Task {
    /// Reads a foreign archive, and unpacks it if requested.
    Foreign(archive::Order),
    /// Copies a file or directory of the host into a layer.
    ///
    /// It arrives as a tar archive with one entry.
    Place {
        /// The layer's files.
        into: PathBuf,
        /// The files of the layers below, the base first.
        below: Vec<PathBuf>,
        /// The path in the guest.
        to: PathBuf,
        /// Permission bits.
        mode: Option<u32>,
    },
    /// Creates directories.
    Make(Vec<PathBuf>),
    /// Hashes a tree.
    Digest(PathBuf),
    /// Hashes layers, base first, as an overlay shows them.
    DigestWhole(Vec<PathBuf>),
    /// Removes a file or a tree.
    Remove(PathBuf),
    /// Bootstraps a release of a distribution into a new directory; the program's output goes to a log.
    Bootstrap {
        /// The directory.
        into: PathBuf,
        /// The log.
        log: PathBuf,
        /// The release.
        release: Release,
        /// The packages.
        packages: Vec<String>,
    },
    /// Unpacks the kernel of a package into a layer.
    Kernel {
        /// The layer's files.
        into: PathBuf,
        /// A scratch directory, which is created and removed.
        scratch: PathBuf,
        /// The files of the layers below, the base first.
        below: Vec<PathBuf>,
        /// The release that has the package.
        release: Release,
        /// The package.
        package: String,
    },
    /// Makes the files that VMs boot from.
    Machine(boot::Order),
    /// Writes these layers, base first, as one tar archive to standard output.
    Export(Vec<PathBuf>),
    /// Merges layers, base first, into one tree of files.
    Flatten {
        /// The layers' files.
        layers: Vec<PathBuf>,
        /// The tree, which is created.
        into: PathBuf,
    },
    /// Removes empty directories that were created only as mountpoints.
    ///
    /// Directories that a layer below has are kept.
    Prune {
        /// The layer's files.
        files: PathBuf,
        /// The layers below.
        below: Vec<PathBuf>,
        /// The mountpoints, as paths in the guest.
        mounted: Vec<PathBuf>,
    },
}

/// The result of a task.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(in crate::image) struct Done {
    /// The hash, if one was requested.
    pub(in crate::image) digest: Option<Digest>,
    /// The size of the files that were hashed or read.
    pub(in crate::image) bytes: u64,
    /// Messages for the user.
    pub(in crate::image) remarks: Vec<String>,
}

/// Performs a task, except [`Task::Foreign`], which has its own function.
pub(super) fn carry_out(store: &Path, task: &Task) -> io::Result<Done> {
    match task {
        Task::Make(dirs) => {
            for dir in dirs {
                fs::create_dir_all(store.join(dir))?;
            }
        }
        Task::Foreign(_) => return Err(io::ErrorKind::Unsupported.into()),
        Task::Place {
            into,
            below,
            to,
            mode,
        } => {
            let below: Vec<_> = below.iter().map(|layer| store.join(layer)).collect();
            place(&store.join(into), &Stack::new(&below), to, *mode)?;
        }
        Task::Digest(dir) => {
            let (digest, bytes) = tree::digest(&store.join(dir))?;
            return Ok(Done {
                digest: Some(digest),
                bytes,
                ..Done::default()
            });
        }
        Task::DigestWhole(layers) => {
            let (digest, bytes) = merge::digest(store, layers)?;
            return Ok(Done {
                digest: Some(digest),
                bytes,
                ..Done::default()
            });
        }
        Task::Remove(path) => removal::remove(&store.join(path))?,
        Task::Bootstrap {
            into,
            log,
            release,
            packages,
        } => bootstrap::bootstrap(&store.join(into), &store.join(log), release, packages)?,
        Task::Kernel {
            into,
            scratch,
            below,
            release,
            package,
        } => {
            let below: Vec<_> = below.iter().map(|layer| store.join(layer)).collect();
            let (into, scratch) = (store.join(into), store.join(scratch));
            boot::unpack_package(&into, &scratch, &Stack::new(&below), release, package)?;
        }
        Task::Machine(order) => boot::carry_out(store, order)?,
        Task::Export(layers) => merge::export(store, layers)?,
        Task::Flatten { layers, into } => {
            let layers: Vec<_> = layers.iter().map(|layer| store.join(layer)).collect();
            flatten::flatten(&layers, &store.join(into))?;
        }
        Task::Prune {
            files,
            below,
            mounted,
        } => merge::prune(store, files, below, mounted)?,
    }
    Ok(Done::default())
}

/// Takes a shared lock on the staging directory of a task.
///
/// A process that removes the directory waits until its writers are gone, which may outlive the
/// process that ordered the task for a moment.
pub(super) fn take_part(store: &Path, task: &Task) -> io::Result<Option<File>> {
    let path = match task {
        Task::Place { into, .. }
        | Task::Bootstrap { into, .. }
        | Task::Kernel { into, .. }
        | Task::Flatten { into, .. } => into,
        Task::Machine(order) => &order.into,
        Task::Foreign(order) => match order.into() {
            Some(into) => into,
            None => return Ok(None),
        },
        _ => return Ok(None),
    };
    let aside: PathBuf = path.components().take(2).collect();
    lock::take_part(&store.join(aside)).map(Some)
}

fn unpack(into: &Path) -> io::Result<()> {
    let mut tar = archiver::command();
    tar.args([
        "--extract",
        "--numeric-owner",
        "--same-permissions",
        "--xattrs",
        "--xattrs-include=*",
    ])
    .args(["--exclude=./dev/*", "--delay-directory-restore"])
    .arg("--directory")
    .arg(into)
    .stdout(Stdio::null());
    archiver::run(&mut tar).map(drop)
}

/// Places the only entry of an archive, which carries its kind and permissions.
fn place(layer: &Path, below: &Stack<'_>, to: &Path, mode: Option<u32>) -> io::Result<()> {
    let name = to.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let parent = below.resolve(to.parent().unwrap_or(Path::new("/")));
    fs::create_dir_all(layer)?;
    below.make_above(layer, &parent)?;
    let target = layer.join(parent).join(name);
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

/// Describes the task for a message, after "cannot".
pub(super) fn describe(task: &Task) -> String {
    match task {
        Task::Make(_) => "make a layer's directories".to_owned(),
        Task::Foreign(order) => format!("import {}", order.name()),
        Task::Place { to, .. } => format!("copy to {}", to.display()),
        Task::Digest(_) | Task::DigestWhole(_) => "hash the layer".to_owned(),
        Task::Remove(dir) => format!("remove {}", dir.display()),
        Task::Bootstrap { release, .. } => format!("bootstrap {release}"),
        Task::Kernel {
            release, package, ..
        } => {
            format!("unpack the kernel {package} of {release}")
        }
        Task::Machine(_) => "make the files of a VM".to_owned(),
        Task::Export(_) => "write the archive".to_owned(),
        Task::Flatten { .. } => "put the layers together".to_owned(),
        Task::Prune { .. } => "tidy the layer up".to_owned(),
    }
}
