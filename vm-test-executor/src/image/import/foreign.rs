//! A foreign source of an image: a stack of layers that are read and unpacked one by one.

use super::directory::Directory;
use super::disk::Disk;
use super::host::{self, Host};
use super::layout::{Layout, Room};
use super::runner::Runner;
use super::tarball::Archive;
use super::vagrant;
use crate::image::archive::order::Kind;
use crate::image::store::Store;
use std::path::{Path, PathBuf};
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::failure::Failure;

/// One layer of a source.
#[derive(Debug)]
pub(in crate::image) enum Foreign {
    /// An archive.
    Archive(Archive),
    /// A directory.
    Directory(Directory),
    /// A disk, which only a VM opens.
    Disk(Disk),
    /// This host's own system.
    Host(Host),
}

/// The layers of a source.
#[derive(Debug)]
pub(in crate::image) struct Stack {
    /// The layers, lowest first.
    pub(in crate::image) layers: Vec<Foreign>,
    /// Keeps the directory that the layers are in.
    _layout: Option<Layout>,
    _room: Option<Room>,
}

impl Stack {
    /// Opens the root file system in an archive.
    pub(in crate::image) fn of_tar(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            layers: vec![Foreign::Archive(Archive::open(path, Kind::Root)?)],
            _layout: None,
            _room: None,
        })
    }

    /// Opens the root file system in a directory.
    pub(in crate::image) fn of_directory(path: &Path, store: &Store) -> Result<Self, Failure> {
        Ok(Self {
            layers: vec![Foreign::Directory(Directory::open(path, store)?)],
            _layout: None,
            _room: None,
        })
    }

    /// Returns this host's system without these paths.
    pub(in crate::image) fn of_host(without: &[PathBuf], store: &Store) -> Self {
        Self {
            layers: vec![Foreign::Host(Host::new(without, store))],
            _layout: None,
            _room: None,
        }
    }

    /// Opens the root file system on a disk.
    pub(in crate::image) fn of_disk(path: &Path, format: DiskFormat) -> Result<Self, Failure> {
        Ok(Self {
            layers: vec![Foreign::Disk(Disk::open(path, format)?)],
            _layout: None,
            _room: None,
        })
    }

    /// Opens the root file system on the disk in a Vagrant box.
    pub(in crate::image) fn of_box(path: &Path, store: &Store) -> Result<Self, Failure> {
        let (disk, room) = vagrant::open(path, store)?;
        Ok(Self {
            layers: vec![Foreign::Disk(disk)],
            _layout: None,
            _room: Some(room),
        })
    }

    /// Opens the image in an OCI layout; if there are several, the one with this digest.
    pub(in crate::image) fn of_layout(
        path: &Path,
        pinned: Option<&str>,
        store: &Store,
    ) -> Result<Self, Failure> {
        let layout = Layout::open(path, store)?;
        let layers = layout.layers(pinned)?;
        Ok(Self {
            layers: layers.into_iter().map(Foreign::Archive).collect(),
            _layout: Some(layout),
            _room: None,
        })
    }
}

impl Foreign {
    /// Describes the step that imports it.
    pub(in crate::image) fn step(&self) -> String {
        match self {
            Self::Archive(archive) => format!("unpack {}", archive.name),
            Self::Directory(directory) => format!("copy {}", directory.name),
            Self::Disk(disk) => format!("read {}", disk.name),
            Self::Host(_) => format!("copy {}", host::NAME),
        }
    }

    /// Returns what its layer's key is made from.
    pub(in crate::image) fn parts(&self) -> [&[u8]; 2] {
        match self {
            Self::Archive(archive) => [b"archive 2", archive.hash.as_bytes()],
            Self::Directory(directory) => [b"directory 2", directory.hash.as_bytes()],
            Self::Disk(disk) => [disk.word().as_bytes(), disk.hash.as_bytes()],
            Self::Host(host) => [b"host", host.hash.as_bytes()],
        }
    }

    /// Reads and checks all of it.
    ///
    /// Returns its disk usage when unpacked, where that can be known in advance.
    pub(in crate::image) fn survey(&self, store: &Store) -> Result<Option<u64>, Failure> {
        match self {
            Self::Archive(archive) => archive.read(store, None).map(|done| Some(done.bytes)),
            Self::Directory(directory) => directory.read(store, None).map(Some),
            // A disk is read only once, while it is unpacked; if anything is refused, nothing is
            // kept.
            Self::Disk(_) => Ok(None),
            Self::Host(host) => host.survey().map(Some),
        }
    }

    /// Unpacks it over the layers below into a directory, and checks it again.
    ///
    /// All paths are relative to the store.
    pub(in crate::image) fn unpack(
        &self,
        store: &Store,
        below: &[PathBuf],
        into: PathBuf,
        runner: &mut dyn Runner,
    ) -> Result<(), Failure> {
        match self {
            Self::Archive(archive) => {
                let done = archive.read(store, Some((below, into)))?;
                done.remarks.iter().for_each(|words| runner.say(words));
                Ok(())
            }
            Self::Directory(directory) => directory.read(store, Some(into)).map(drop),
            Self::Disk(disk) => disk.unpack(store, into, runner),
            Self::Host(host) => host.unpack(store, into, runner),
        }
    }
}
