//! An imported disk, in the format that the user names.
//!
//! It is never mounted on the host, and its format is never guessed: otherwise its content would
//! decide which other files are opened.

use super::qcow2;
use super::runner::Runner;
use super::tarball::open;
use crate::image::archive::likeness::{self, Likeness};
use crate::image::archive::limits::{ENV_LIMIT, Limits, words};
use crate::image::archive::order::{Feed, Kind, Order};
use crate::image::archive::refusal::cannot;
use crate::image::inside::{self, Task};
use crate::image::layer::digest::Digest;
use crate::image::store::Store;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::thread;
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::failure::Failure;

/// A disk that passed every check that does not need its file systems.
#[derive(Debug)]
pub(in crate::image) struct Disk {
    file: File,
    format: DiskFormat,
    /// The name used in messages.
    pub(super) name: String,
    /// The hash of the file.
    pub(super) hash: Digest,
}

impl Disk {
    /// Opens the disk at this path.
    pub(super) fn open(path: &Path, format: DiskFormat) -> Result<Self, Failure> {
        let name = path.display().to_string();
        Self::of_file(open(path, &name)?, format, name)
    }

    /// Checks the disk in an open file.
    pub(super) fn of_file(file: File, format: DiskFormat, name: String) -> Result<Self, Failure> {
        check(&file, format, &name)?;
        let hash = Digest::of_reader(&file).map_err(|error| cannot(&name, error))?;
        Ok(Self {
            file,
            format,
            name,
            hash,
        })
    }

    /// Returns the format's name.
    pub(super) fn word(&self) -> &'static str {
        match self.format {
            DiskFormat::Raw => "raw",
            DiskFormat::Qcow2 => "qcow2",
        }
    }

    /// Reads the disk in a VM, and unpacks its files into a directory relative to the store.
    ///
    /// The files are checked before they are unpacked.
    pub(super) fn unpack(
        &self,
        store: &Store,
        into: PathBuf,
        runner: &mut dyn Runner,
    ) -> Result<(), Failure> {
        let order = Order {
            name: self.name.clone(),
            kind: Kind::Root,
            feed: Feed::Pipe,
            limits: Limits::of_environment()?,
            below: Some(Vec::new()),
            into: Some(into),
        };
        let (archive, sink) = std::io::pipe().map_err(|error| cannot(&self.name, error))?;
        let archive = File::from(OwnedFd::from(archive));
        let task = Task::Foreign(order);
        let (read, unpacked) = thread::scope(|scope| {
            let unpack = || inside::perform(store.root(), task, Some(archive));
            let unpacking = thread::Builder::new().spawn_scoped(scope, unpack)?;
            let read = runner.read_disk(&self.name, &self.file, self.format, sink);
            Ok((read, unpacking.join()))
        })
        .map_err(|error: io::Error| cannot(&self.name, error))?;
        // If the VM failed, report that instead of the truncated archive.
        read?;
        let unpacked = unpacked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        unpacked.map(drop)
    }
}

/// Checks an open disk without looking at its file systems.
fn check(file: &File, format: DiskFormat, name: &str) -> Result<(), Failure> {
    let size = match format {
        DiskFormat::Raw => file.metadata().map_err(|error| cannot(name, error))?.len(),
        DiskFormat::Qcow2 => qcow2::check_header(file, name)?,
    };
    let limits = Limits::of_environment()?;
    if size > limits.bytes {
        let cause = format!(
            "the disk has {}, more than the limit of {}",
            words(size),
            words(limits.bytes)
        );
        return Err(cannot(name, cause).hint(format!(
            "if you trust it, raise the limit, as in {ENV_LIMIT}=40G"
        )));
    }
    if size == 0 {
        return Err(cannot(name, "the disk is empty").hint("download or make it again"));
    }
    match format {
        DiskFormat::Raw => match likeness::of(file) {
            Some(Likeness { what, cure }) => {
                let cause = format!("it is taken for a raw disk, and begins like {what}");
                Err(cannot(name, cause).hint(cure))
            }
            None => Ok(()),
        },
        DiskFormat::Qcow2 => qcow2::check_tables(file, name),
    }
}
