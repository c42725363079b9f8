//! A foreign source of an image, as a stack of layers that are read and unpacked one by one.

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

/// One layer.
#[derive(Debug)]
pub(in crate::image) enum Foreign {
    /// In an archive.
    Archive(Archive),
    /// In a directory.
    Directory(Directory),
    /// On a disk, which a VM opens.
    Disk(Disk),
    /// This host's own.
    Host(Host),
}

/// The layers, the lowest first.
#[derive(Debug)]
pub(in crate::image) struct Stack {
    /// The layers.
    pub(in crate::image) layers: Vec<Foreign>,
    /// What they are in.
    _layout: Option<Layout>,
    _room: Option<Room>,
}

impl Stack {
    /// The root file system in an archive.
    pub(in crate::image) fn of_tar(path: &Path) -> Result<Self, Failure> {
        Ok(Self {
            layers: vec![Foreign::Archive(Archive::open(path, Kind::Root)?)],
            _layout: None,
            _room: None,
        })
    }

    /// The root file system in a directory.
    pub(in crate::image) fn of_directory(path: &Path, store: &Store) -> Result<Self, Failure> {
        Ok(Self {
            layers: vec![Foreign::Directory(Directory::open(path, store)?)],
            _layout: None,
            _room: None,
        })
    }

    /// This host's system without these paths.
    pub(in crate::image) fn of_host(without: &[PathBuf], store: &Store) -> Self {
        Self {
            layers: vec![Foreign::Host(Host::new(without, store))],
            _layout: None,
            _room: None,
        }
    }

    /// The root file system on a disk.
    pub(in crate::image) fn of_disk(path: &Path, format: DiskFormat) -> Result<Self, Failure> {
        Ok(Self {
            layers: vec![Foreign::Disk(Disk::open(path, format)?)],
            _layout: None,
            _room: None,
        })
    }

    /// The root file system on the disk in a box.
    pub(in crate::image) fn of_box(path: &Path, store: &Store) -> Result<Self, Failure> {
        let (disk, room) = vagrant::open(path, store)?;
        Ok(Self {
            layers: vec![Foreign::Disk(disk)],
            _layout: None,
            _room: Some(room),
        })
    }

    /// The image in an OCI layout; of several, the one with this digest.
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
    /// What is done with it, for people.
    pub(in crate::image) fn step(&self) -> String {
        match self {
            Self::Archive(archive) => format!("unpack {}", archive.name),
            Self::Directory(directory) => format!("copy {}", directory.name),
            Self::Disk(disk) => format!("read {}", disk.name),
            Self::Host(_) => format!("copy {}", host::NAME),
        }
    }

    /// What its layer's key is made of.
    pub(in crate::image) fn parts(&self) -> [&[u8]; 2] {
        match self {
            Self::Archive(archive) => [b"archive 2", archive.hash.as_bytes()],
            Self::Directory(directory) => [b"directory 2", directory.hash.as_bytes()],
            Self::Disk(disk) => [disk.word().as_bytes(), disk.hash.as_bytes()],
            Self::Host(host) => [b"host", host.hash.as_bytes()],
        }
    }

    /// Reads all of it and checks it; what it takes up unpacked, where that can be known before it is.
    pub(in crate::image) fn survey(&self, store: &Store) -> Result<Option<u64>, Failure> {
        match self {
            Self::Archive(archive) => archive.read(store, None).map(|done| Some(done.bytes)),
            Self::Directory(directory) => directory.read(store, None).map(Some),
            // It is read once, and nothing is kept if anything in it is refused.
            Self::Disk(_) => Ok(None),
            Self::Host(host) => host.survey().map(Some),
        }
    }

    /// Unpacks it over the layers below into a directory, all relative to the store, and checks it once more as it does.
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
