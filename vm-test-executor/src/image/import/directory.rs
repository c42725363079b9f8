//! A root file system in a directory of the host.
//!
//! Real root reads it directly; an unprivileged user reads it in the user's namespaces, where files
//! of subordinate ids are readable and have the owners that they have in a guest.

use crate::image::archive::compression::PACK;
use crate::image::archive::limits::Limits;
use crate::image::archive::order::{Feed, Kind, Order};
use crate::image::archive::refusal::{cannot, shown};
use crate::image::inside::{self, Task};
use crate::image::layer::digest::Digest;
use crate::image::layer::tree;
use crate::image::store::Store;
use rustix::fs::{MemfdFlags, memfd_create};
use std::fs::File;
use std::io::{Read, Seek};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use vm_test_protocol::failure::Failure;

/// A directory with a root file system.
#[derive(Debug)]
pub(in crate::image) struct Directory {
    path: PathBuf,
    /// The name used in messages.
    pub(super) name: String,
    /// The hash of its whole content.
    pub(super) hash: Digest,
}

impl Directory {
    /// Opens the directory at this path.
    pub(super) fn open(path: &Path, store: &Store) -> Result<Self, Failure> {
        let name = path.display().to_string();
        let path = path
            .canonicalize()
            .map_err(|error| cannot(&name, error).hint("is the path right?"))?;
        if !path.is_dir() {
            return Err(cannot(&name, "it is not a directory").hint("an archive is tar:PATH"));
        }
        if store
            .root()
            .canonicalize()
            .is_ok_and(|store| store.starts_with(&path))
        {
            return Err(cannot(&name, "the store is in it")
                .hint("name the directory that holds the root file system and nothing else"));
        }
        let hash = if is_root() {
            tree::digest(&path)
                .map(|(hash, _)| hash)
                .map_err(|error| cannot(&name, error))?
        } else {
            inside::hash(store.root(), Task::Digest(path.clone()))
                .map(|(hash, _)| hash)
                .map_err(|failure| {
                    cannot(&name, failure.text()).hint("every file below it must be readable")
                })?
        };
        Ok(Self { path, name, hash })
    }

    /// Reads it, and unpacks it into a directory relative to the store if one is given.
    ///
    /// Returns its disk usage when unpacked.
    pub(super) fn read(&self, store: &Store, into: Option<PathBuf>) -> Result<u64, Failure> {
        let mut order = Order {
            name: self.name.clone(),
            kind: Kind::Root,
            feed: Feed::Directory(self.path.clone()),
            limits: Limits::of_environment()?,
            below: Some(Vec::new()),
            into,
        };
        if !is_root() {
            return inside::perform(store.root(), Task::Foreign(order), None)
                .map(|done| done.bytes);
        }
        order.feed = Feed::Pipe;
        let memory = memfd_create(c"words", MemfdFlags::CLOEXEC).map(File::from);
        let mut words = memory.map_err(|error| cannot(&self.name, error))?;
        let theirs = words
            .try_clone()
            .map_err(|error| cannot(&self.name, error))?;
        let mut tar = Command::new("tar")
            .args(PACK)
            .arg("--directory")
            .arg(&self.path)
            .arg(".")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(theirs)
            .spawn()
            .map_err(|error| cannot(&self.name, format!("tar: {error}")))?;
        let output = tar
            .stdout
            .take()
            .map(|output| File::from(OwnedFd::from(output)));
        let done =
            inside::perform(store.root(), Task::Foreign(order), output).map(|done| done.bytes);
        // If the reader stopped early, tar ends with a broken pipe.
        let status = tar
            .wait()
            .map_err(|error| cannot(&self.name, format!("tar: {error}")))?;
        let bytes = done?;
        if status.success() {
            return Ok(bytes);
        }
        let mut text = String::new();
        let _ = words.rewind();
        let _ = words.take(4096).read_to_string(&mut text);
        let first = text.lines().next().unwrap_or("tar failed");
        Err(cannot(&self.name, shown(first.as_bytes()))
            .hint("every file below it must be readable, and must not change during the import"))
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}
