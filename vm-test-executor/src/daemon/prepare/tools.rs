//! What the making of every instance of a daemon takes.

use super::super::instance::{Belongings, Instance, Parent, Spawner};
use super::emulator::Emulators;
use super::foreign::Foreign;
use super::libraries::Libraries;
use super::names::Names;
use super::stores::Stores;
use super::wanted::Wanted;
use crate::config::Readings;
use crate::host::idmaps::{IdMaps, Source};
use crate::image::Programs;
use crate::keeper::Assignment;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicUsize;
use vm_test_protocol::failure::Failure;

/// The tools of one daemon.
#[derive(Debug)]
pub(crate) struct Tools {
    pub(crate) maps: IdMaps,
    pub(crate) agent: PathBuf,
    pub(crate) libraries: Libraries,
    pub(crate) programs: Programs,
    /// Which shared directories have files of owners that no guest has.
    pub(crate) foreign: Foreign,
    pub(crate) emulators: Emulators,
    /// What the files of workspaces declare.
    pub(crate) readings: Readings,
    pub(crate) stores: Stores,
    /// The prefix of the names of journal entries.
    pub(crate) journal: PathBuf,
    pub(crate) spawner: Spawner,
    pub(crate) names: Names,
    /// Held while a VM boots, if boots must take turns.
    pub(crate) boots: Mutex<()>,
    /// Which nodes of labs are wanted again and again.
    pub(crate) wanted: Wanted,
    /// How many instances are being destroyed, with everything that they were made of.
    pub(crate) ending: AtomicUsize,
    /// Readable once the daemon stops.
    pub(crate) stop: OwnedFd,
}

impl Tools {
    /// Returns the tools of a daemon that has made nothing yet; `journal` is the prefix of the names
    /// of its journal entries.
    pub(crate) fn new(
        maps: IdMaps,
        agent: PathBuf,
        journal: PathBuf,
        spawner: Spawner,
        run: String,
        stop: OwnedFd,
    ) -> Self {
        Self {
            maps,
            agent,
            libraries: Libraries::default(),
            programs: Programs::default(),
            foreign: Foreign::default(),
            emulators: Emulators::default(),
            readings: Readings::default(),
            stores: Stores::new(journal.clone()),
            journal,
            spawner,
            names: Names::of(run),
            boots: Mutex::new(()),
            wanted: Wanted::default(),
            ending: AtomicUsize::new(0),
            stop,
        }
    }

    /// Returns whether the daemon is the real root's.
    pub(super) fn as_root(&self) -> bool {
        self.maps.source == Source::Root
    }

    /// Starts an instance whose agent talks to `stream`.
    pub(crate) fn start(
        &self,
        assignment: &Assignment,
        number: u64,
        stream: &UnixStream,
        belongings: Belongings,
    ) -> Result<Instance, Failure> {
        let parent = Parent::Daemon(&self.spawner);
        self.start_below(&parent, assignment, number, stream, belongings)
    }

    /// Starts an instance below this parent.
    pub(crate) fn start_below(
        &self,
        parent: &Parent<'_>,
        assignment: &Assignment,
        number: u64,
        stream: &UnixStream,
        belongings: Belongings,
    ) -> Result<Instance, Failure> {
        Instance::start(assignment, number, stream, &self.maps, belongings, parent)
    }
}
