//! This host's own system as an image.
//!
//! It is packed by the user's own process, which sees the real owners of files, then checked and
//! unpacked in the user's namespaces like any other archive. Mounts nothing, and changes nothing on
//! the host.

use super::runner::Runner;
use super::system::System;
use super::walk::{Entry, Kind, Unreadable, named, walk};
use crate::image::archive::attributes::key_of;
use crate::image::archive::findings::Stop;
use crate::image::archive::limits::{ENV_LIMIT, Limits};
use crate::image::archive::order::{Feed, Kind as Form, Order};
use crate::image::archive::refusal::{cannot, shown, too_much};
use crate::image::archive::writer::{Piece, Writer};
use crate::image::inside::{self, Task};
use crate::image::layer::digest::Digest;
use crate::image::layer::footprint;
use crate::image::store::{Store, refreshed};
use rustix::fs::{CWD, Mode, OFlags, lgetxattr, openat};
use std::fs::{self, File};
use std::io::{self, ErrorKind, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;
use tar::EntryType;
use vm_test_protocol::failure::Failure;

/// The name used in messages.
pub(super) const NAME: &str = "this host's system";

/// Files that identify this machine and this system.
const IDENTITY: [&str; 2] = ["/etc/machine-id", "/etc/os-release"];

/// The attribute with a program's capabilities.
const CAPABILITY: &str = "security.capability";

/// The longest value of it.
const LONGEST: usize = 256;

/// How many bytes are copied between two progress reports.
const TICK: u64 = 32 << 20;

/// How many of the omitted paths are named.
const SHOWN: usize = 3;

/// The host's system.
#[derive(Debug)]
pub(in crate::image) struct Host {
    system: System,
    /// Paths to exclude that do not exist.
    absent: Vec<PathBuf>,
    /// The hash of what its layer's key is made from.
    ///
    /// That is not the content, which would have to be read before every build. The system is
    /// copied once, and again on `--refresh` or if the machine or the system is another one.
    pub(super) hash: Digest,
}

/// The amount of files in it.
#[derive(Clone, Copy, Debug, Default)]
struct Extent {
    entries: u64,
    bytes: u64,
    /// Disk usage.
    room: u64,
}

impl Extent {
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        self.bytes += entry.size;
        self.room += footprint::of_file(entry.size);
    }
}

impl Host {
    /// Creates the source for the host's system minus `without`, as of the last `--refresh`.
    pub(super) fn new(without: &[PathBuf], store: &Store) -> Self {
        let mut without = without.to_vec();
        without.sort();
        without.dedup();
        let mut parts = vec![refreshed(store)];
        parts.extend(IDENTITY.map(|file| fs::read(file).unwrap_or_default()));
        parts.extend(
            without
                .iter()
                .map(|path| path.as_os_str().as_bytes().to_vec()),
        );
        Self {
            hash: Digest::of_parts(parts.iter().map(Vec::as_slice)),
            system: System::of_host(&without, store),
            absent: without
                .iter()
                .filter(|path| fs::symlink_metadata(path).is_err())
                .cloned()
                .collect(),
        }
    }

    /// Returns the amount of files, as far as it can be seen without opening them.
    fn extent(&self) -> Result<Extent, Failure> {
        let mut extent = Extent::default();
        let take = &mut |entry: &Entry| {
            extent.add(entry);
            Ok(true)
        };
        walk(&self.system, take).map_err(|error| cannot(NAME, error))?;
        Ok(extent)
    }

    /// Returns the disk usage, if it is within the limits.
    pub(super) fn survey(&self) -> Result<u64, Failure> {
        let limits = Limits::of_environment()?;
        let extent = self.extent()?;
        if extent.bytes > limits.bytes || extent.entries > limits.entries {
            return Err(too_much(NAME, &limits).hint(format!(
                "leave out what no guest needs, as in without = [\"/opt/large\"], or raise the limit, as in {ENV_LIMIT}=40G"
            )));
        }
        Ok(extent.room)
    }

    /// Copies it into a directory, relative to the store.
    pub(super) fn unpack(
        &self,
        store: &Store,
        into: PathBuf,
        runner: &mut dyn Runner,
    ) -> Result<(), Failure> {
        let order = Order {
            name: NAME.to_owned(),
            kind: Form::Root,
            feed: Feed::Pipe,
            limits: Limits::of_environment()?,
            below: Some(Vec::new()),
            into: Some(into),
        };
        for path in &self.absent {
            runner.say(&format!(
                "`without` names {}, which does not exist on this host",
                path.display()
            ));
        }
        let whole = self.extent()?;
        let (archive, sink) = io::pipe().map_err(|error| cannot(NAME, error))?;
        let archive = File::from(OwnedFd::from(archive));
        let (packed, unpacked) = thread::scope(|scope| {
            let task = Task::Foreign(order);
            let unpack = || inside::perform(store.root(), task, Some(archive));
            let unpacking = thread::Builder::new().spawn_scoped(scope, unpack)?;
            let packed = self.pack(sink, whole, runner);
            Ok((packed, unpacking.join()))
        })
        .map_err(|error: io::Error| cannot(NAME, error))?;
        match packed {
            // The reader stopped early and reports the reason itself.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {}
            Err(error) => return Err(cannot(NAME, error)),
            Ok(unreadable) => unreadable.say(runner),
        }
        let unpacked = unpacked.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        unpacked.map(drop)
    }

    fn pack(
        &self,
        sink: PipeWriter,
        whole: Extent,
        runner: &mut dyn Runner,
    ) -> io::Result<Unreadable> {
        let mut writer = Writer::new(io::BufWriter::with_capacity(1 << 16, sink));
        let mut done = Extent::default();
        let mut next = 0;
        let unreadable = walk(&self.system, &mut |entry: &Entry| {
            if done.bytes >= next {
                runner.progress(&format!(
                    "{} of {} MiB",
                    done.bytes >> 20,
                    whole.bytes >> 20
                ));
                next = done.bytes + TICK;
            }
            done.add(entry);
            write(&mut writer, entry)
        })?;
        writer.finish()?;
        Ok(unreadable)
    }
}

/// Writes a file to the archive; returns false if it cannot be read.
fn write(writer: &mut Writer<impl Write>, entry: &Entry) -> io::Result<bool> {
    let (mut size, mut target) = (entry.size, Vec::new());
    let mut attributes = Vec::new();
    let mut content: Box<dyn Read + '_> = Box::new(io::empty());
    let kind = match &entry.kind {
        Kind::Directory => EntryType::Directory,
        Kind::Made(bytes) => {
            content = Box::new(bytes.as_slice());
            EntryType::Regular
        }
        Kind::Link(first) => {
            target = first.as_os_str().as_bytes().to_vec();
            EntryType::Link
        }
        Kind::Symlink(to) => {
            target = to.as_os_str().as_bytes().to_vec();
            EntryType::Symlink
        }
        Kind::File(path) => {
            let file = match open(path) {
                Ok(file) => file,
                Err(error) if is_unreadable(&error) => return Ok(false),
                Err(error) => return Err(named(path, &error)),
            };
            size = file.metadata().map_err(|error| named(path, &error))?.size();
            // If the file shrinks meanwhile, the copy is torn, as in any backup.
            content = Box::new(file.chain(io::repeat(0)));
            let mut value = [0; LONGEST];
            if let Ok(length) = lgetxattr(path, CAPABILITY, &mut value) {
                attributes.push((key_of(CAPABILITY.as_bytes()), value[..length].to_vec()));
            }
            EntryType::Regular
        }
    };
    let piece = Piece {
        name: entry.name.as_os_str().as_bytes().to_vec(),
        kind,
        target,
        user: entry.user.into(),
        group: entry.group.into(),
        mode: entry.mode & 0o7777,
        time: (i64::try_from(entry.time).unwrap_or(0), 0),
        size,
        attributes,
    };
    match writer.write(&piece, &mut content) {
        Ok(()) => Ok(true),
        Err(Stop::Write(error)) => Err(error),
        Err(Stop::Read(error)) => Err(named(&entry.name, &error)),
        Err(Stop::Refused(failure) | Stop::Short(failure)) => Err(io::Error::other(failure.text())),
    }
}

/// Opens a file and checks that it is still a regular file.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(ErrorKind::NotFound.into())
    }
}

/// Returns whether this user cannot read the file, or it is gone.
fn is_unreadable(error: &io::Error) -> bool {
    let link = error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error());
    link || matches!(
        error.kind(),
        ErrorKind::PermissionDenied | ErrorKind::NotFound
    )
}

impl Unreadable {
    /// Reports the omitted paths in one line.
    fn say(&self, runner: &mut dyn Runner) {
        if self.paths.is_empty() {
            return;
        }
        let names = self.paths.iter().take(SHOWN);
        let names: Vec<_> = names
            .map(|path| shown(path.as_os_str().as_bytes()))
            .collect();
        let more = match self.paths.len().saturating_sub(SHOWN) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        runner.say(&format!(
            "left out of {NAME} because not all users may read it: {}{more}",
            names.join(", ")
        ));
    }
}

#[cfg(test)]
mod tests;
