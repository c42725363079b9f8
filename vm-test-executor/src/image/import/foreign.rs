//! A foreign source of an image: a stack of layers that are read and unpacked one by one.

use super::directory::Directory;
use super::disk::Disk;
use super::host::{self, Host};
use super::layout::{Layout, Room};
use super::pull::{Pull, PulledLayer};
use super::runner::Runner;
use super::tarball::Archive;
use super::vagrant;
use crate::image::archive::order::Kind;
use crate::image::layer::key::LayerKey;
use crate::image::recipe::Reference;
use crate::image::store::Store;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use vm_test_protocol::daemon::DiskFormat;
use vm_test_protocol::failure::Failure;

/// One layer of a source.
#[derive(Debug)]
pub(in crate::image) enum Foreign {
    /// An archive.
    Archive(Archive),
    /// An archive in a registry.
    Pulled(PulledLayer),
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
    pull: Option<Rc<Pull>>,
}

impl Stack {
    /// Opens the root file system in an archive.
    pub(in crate::image) fn of_tar(path: &Path) -> Result<Self, Failure> {
        Ok(Self::of(vec![Foreign::Archive(Archive::open(
            path,
            Kind::Root,
        )?)]))
    }

    /// Opens the root file system in a directory.
    pub(in crate::image) fn of_directory(path: &Path, store: &Store) -> Result<Self, Failure> {
        Ok(Self::of(vec![Foreign::Directory(Directory::open(
            path, store,
        )?)]))
    }

    /// Returns this host's system without these paths.
    pub(in crate::image) fn of_host(without: &[PathBuf], store: &Store) -> Self {
        Self::of(vec![Foreign::Host(Host::new(without, store))])
    }

    /// Opens the root file system on a disk.
    pub(in crate::image) fn of_disk(path: &Path, format: DiskFormat) -> Result<Self, Failure> {
        Ok(Self::of(vec![Foreign::Disk(Disk::open(path, format)?)]))
    }

    /// Opens the root file system on the disk in a Vagrant box.
    pub(in crate::image) fn of_box(path: &Path, store: &Store) -> Result<Self, Failure> {
        let (disk, room) = vagrant::open(path, store)?;
        Ok(Self {
            _room: Some(room),
            ..Self::of(vec![Foreign::Disk(disk)])
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
            _layout: Some(layout),
            ..Self::of(layers.into_iter().map(Foreign::Archive).collect())
        })
    }

    /// Finds out which layers an image in a registry has; fetches none of them.
    pub(in crate::image) fn of_registry(
        reference: &Reference,
        store: &Store,
    ) -> Result<Self, Failure> {
        let pull = Rc::new(Pull::look_up(reference, store)?);
        let layers = pull.layers().into_iter().map(Foreign::Pulled).collect();
        Ok(Self {
            pull: Some(pull),
            ..Self::of(layers)
        })
    }

    fn of(layers: Vec<Foreign>) -> Self {
        Self {
            layers,
            _layout: None,
            _room: None,
            pull: None,
        }
    }

    /// Prepares for layers that the store lacks; `waiting` is called if another build gets them.
    pub(in crate::image) fn reserve(
        &self,
        store: &Store,
        waiting: impl FnOnce(),
    ) -> Result<(), Failure> {
        match &self.pull {
            Some(pull) => pull.reserve(store, waiting),
            None => Ok(()),
        }
    }

    /// Writes down that the store has all its layers, under these keys.
    pub(in crate::image) fn remember(
        &self,
        store: &Store,
        keys: &[LayerKey],
    ) -> Result<(), Failure> {
        match &self.pull {
            Some(pull) => pull.remember(store, keys),
            None => Ok(()),
        }
    }
}

impl Foreign {
    /// Describes the step that imports it.
    pub(in crate::image) fn step(&self) -> String {
        match self {
            Self::Archive(archive) => format!("unpack {}", archive.name),
            Self::Pulled(layer) => format!("unpack {}", layer.name),
            Self::Directory(directory) => format!("copy {}", directory.name),
            Self::Disk(disk) => format!("read {}", disk.name),
            Self::Host(_) => format!("copy {}", host::NAME),
        }
    }

    /// Returns what its layer's key is made from.
    pub(in crate::image) fn parts(&self) -> [&[u8]; 2] {
        match self {
            Self::Archive(archive) => [b"archive 2", archive.hash.as_bytes()],
            // The same bytes are the same layer, wherever they come from.
            Self::Pulled(layer) => [b"archive 2", layer.hash.as_bytes()],
            Self::Directory(directory) => [b"directory 2", directory.hash.as_bytes()],
            Self::Disk(disk) => [disk.word().as_bytes(), disk.hash.as_bytes()],
            Self::Host(host) => [b"host", host.hash.as_bytes()],
        }
    }

    /// Reads and checks all of it.
    ///
    /// Returns its disk usage when unpacked, where that can be known in advance.
    pub(in crate::image) fn survey(
        &self,
        store: &Store,
        runner: &mut dyn Runner,
    ) -> Result<Option<u64>, Failure> {
        let survey = |archive: &Archive| archive.read(store, None).map(|done| Some(done.bytes));
        match self {
            Self::Archive(archive) => survey(archive),
            Self::Pulled(layer) => survey(layer.archive(store, runner)?),
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
        let archive = match self {
            Self::Archive(archive) => archive,
            Self::Pulled(layer) => layer.archive(store, runner)?,
            Self::Directory(directory) => return directory.read(store, Some(into)).map(drop),
            Self::Disk(disk) => return disk.unpack(store, into, runner),
            Self::Host(host) => return host.unpack(store, into, runner),
        };
        let done = archive.read(store, Some((below, into)))?;
        done.remarks.iter().for_each(|words| runner.say(words));
        Ok(())
    }
}
