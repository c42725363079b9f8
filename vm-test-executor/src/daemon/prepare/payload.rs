//! Which files of the host a VM needs, and their paths there: the workspace and the working
//! directory on one disk, the programs with their libraries on another, so that a rebuilt program
//! does not require a new first disk, and what the guest's settings name on a third. Chooses; the
//! store makes the disks.

use super::inputs::Inputs;
use super::libraries::Closure;
use super::shared::shared;
use super::tools::Tools;
use crate::backend::kvm::{PAYLOAD_SIZE, payload_serial};
use crate::host::hidden::hidden;
use crate::image::Store;
use crate::image::payload::{self, Payload as Disk};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use vm_test_protocol::LIBRARIES;
use vm_test_protocol::daemon::LeaseRequest;
use vm_test_protocol::failure::Failure;
use vm_test_protocol::machine::{Place, PlaceKind};

/// The host's files for one VM.
#[derive(Debug, Default)]
pub(super) struct Payload {
    /// The disks, in the order in which the VM has them.
    pub(super) disks: Vec<Disk>,
    /// Where in the guest their files go.
    pub(super) places: Vec<Place>,
}

impl Payload {
    /// Returns what a request needs.
    ///
    /// # Errors
    /// If it is too large, or a disk cannot be made.
    pub(super) fn of(
        tools: &Tools,
        request: &LeaseRequest,
        exposed: &[String],
        store: &Store,
        say: &dyn Fn(&str),
    ) -> Result<Self, Failure> {
        let (trees, caches) = sort(&request.shares);
        let mut programs: Vec<PathBuf> = request.programs.iter().map(PathBuf::from).collect();
        programs.extend(caches.iter().flat_map(|cache| executables(cache)));
        programs.sort();
        programs.dedup();
        let mut closure = Closure::new();
        for program in &request.programs {
            closure.extend(
                tools
                    .libraries
                    .of(Path::new(program), &request.library_path)?,
            );
        }
        let libraries = closure
            .into_iter()
            .map(|(name, path)| (Path::new(LIBRARIES).join(name), path));
        let files = programs.iter().map(|path| (path.clone(), path.clone()));
        let files: Vec<(PathBuf, PathBuf)> = files.chain(libraries).collect();

        let mut payload = Self::default();
        let own = |path: &PathBuf| (path.clone(), path.clone());
        let hidden = hidden(&request.credentials, exposed, &trees);
        let trees: Vec<_> = trees.iter().map(own).collect();
        payload.add(&trees, PlaceKind::Tree, &hidden, store, say)?;
        payload.places.extend(caches.iter().map(|path| Place {
            disk: String::new(),
            from: String::new(),
            to: path.to_string_lossy().into_owned(),
            kind: PlaceKind::Empty,
        }));
        payload.add(&files, PlaceKind::File, &[], store, say)?;
        Ok(payload)
    }

    /// Adds a disk with what the guest gets besides the workspace, if there is anything.
    ///
    /// # Errors
    /// If it is too large, or a part of it cannot be read, or the disk cannot be made.
    pub(super) fn add_inputs(
        &mut self,
        inputs: &Inputs,
        store: &Store,
        say: &dyn Fn(&str),
    ) -> Result<(), Failure> {
        if inputs.is_empty() {
            return Ok(());
        }
        let files = inputs.files.iter().map(|it| (it, PlaceKind::Copy));
        let mounts = inputs.mounts.iter().map(|it| (it, PlaceKind::ReadOnly));
        // What is mounted first can be copied to.
        let all: Vec<_> = mounts.chain(files).collect();
        let paths: Vec<_> = all.iter().map(|(input, _)| input.from.clone()).collect();
        let disk = self.next_disk();
        self.disks
            .push(Disk::whole(store, &paths, PAYLOAD_SIZE, say)?);
        let places = all.iter().enumerate().map(|(number, (input, kind))| Place {
            disk: disk.clone(),
            from: number.to_string(),
            to: input.to.to_string_lossy().into_owned(),
            kind: *kind,
        });
        self.places.extend(places);
        Ok(())
    }

    fn next_disk(&self) -> String {
        payload_serial(self.disks.len())
    }

    /// Adds a disk with these files, each with its place in the guest. The disk may be empty.
    fn add(
        &mut self,
        files: &[(PathBuf, PathBuf)],
        kind: PlaceKind,
        hidden: &[PathBuf],
        store: &Store,
        say: &dyn Fn(&str),
    ) -> Result<(), Failure> {
        let serial = self.next_disk();
        let paths: Vec<_> = files.iter().map(|(_, path)| path.clone()).collect();
        self.disks
            .push(Disk::of(store, &paths, hidden, PAYLOAD_SIZE, say)?);
        let places = files.iter().enumerate().map(|(number, (to, _))| Place {
            disk: serial.clone(),
            from: number.to_string(),
            to: to.to_string_lossy().into_owned(),
            kind,
        });
        self.places.extend(places);
        Ok(())
    }
}

/// Returns the directories to take as a whole, without nested ones, and the caches, of which only
/// requested files are taken.
fn sort(shares: &[String]) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut shares = shared(shares);
    shares.retain(|path| path.is_dir() && path.parent().is_some());
    shares.sort();
    shares.dedup();
    let is_cache = |path: &Path| {
        // What a build script has made for its package is taken.
        !path.ends_with("out") && payload::is_cache(path)
    };
    let (caches, whole): (Vec<_>, Vec<_>) = shares.into_iter().partition(|path| is_cache(path));
    let mut trees: Vec<PathBuf> = Vec::new();
    for path in whole {
        if !trees.iter().any(|tree| path.starts_with(tree)) {
            trees.push(path);
        }
    }
    (trees, caches)
}

/// Returns the programs directly in a directory that cargo builds to.
fn executables(cache: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(cache).into_iter().flatten().flatten();
    entries
        .filter(|entry| {
            entry
                .metadata()
                .is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
        })
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_none())
        .collect()
}
