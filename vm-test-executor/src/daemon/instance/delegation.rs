//! A control group that a guest's own init may manage: made below a directory that this user owns,
//! given to the guest's root, and removed with everything that the guest has created in it. Sets no
//! limits.
//!
//! Its directories outlive the processes in them, so they carry the daemon's process id in their
//! names and are swept by the next start.

use super::cgroup::{PARENT, is_daemon, remove_tree};
use rustix::fs::Access;
use rustix::process::Pid;
use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

/// Where the unified hierarchy may be mounted. Beside the old hierarchies it has its own directory.
const PLACES: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// The group that is delegated to the guest, below the instance's own, whose limits the guest must
/// not change.
const GIVEN: &str = "system";

/// The old hierarchy in which systemd keeps its groups, where it exists.
const NAMED: &str = "/sys/fs/cgroup/systemd";

/// Files that a group's owner must be able to write, besides making directories.
const FILES: [&str; 4] = [
    "cgroup.procs",
    "cgroup.subtree_control",
    "cgroup.threads",
    "tasks",
];

/// The groups of one instance, in each hierarchy that its init manages.
#[derive(Debug)]
pub(crate) struct Delegation {
    groups: Vec<PathBuf>,
}

impl Delegation {
    /// Makes the group of an instance and gives it to `owner`, if that is not this user.
    ///
    /// # Errors
    /// Why this user cannot delegate a group.
    pub(crate) fn new(instance: &str, owner: Option<u32>) -> Result<Self, String> {
        let name = format!("{}-{instance}", std::process::id());
        let mut delegation = Self { groups: Vec::new() };
        delegation.add(unified_parent()?.join(&name), owner)?;
        if let Some(parent) = named_parent() {
            // Without it the guest's init works, too, but complains.
            let _ = delegation.add(parent.join(&name), owner);
        }
        Ok(delegation)
    }

    fn add(&mut self, group: PathBuf, owner: Option<u32>) -> Result<(), String> {
        let given = group.join(GIVEN);
        fs::create_dir_all(&given)
            .and_then(|()| give(&given, owner))
            .map_err(|error| {
                remove_tree(&group);
                format!("{}: {error}", given.display())
            })?;
        self.groups.push(group);
        Ok(())
    }

    /// Moves a process, and thus everything that it will start, into the groups.
    ///
    /// # Errors
    /// If the process is gone, or may not be moved.
    pub(super) fn take(&self, pid: Pid) -> io::Result<()> {
        for group in &self.groups {
            fs::write(group.join(GIVEN).join("cgroup.procs"), pid.to_string())?;
            // Without a controller only limits within the guest do not work.
            for controller in ["+memory", "+pids"] {
                let _ = fs::write(group.join("cgroup.subtree_control"), controller);
            }
        }
        Ok(())
    }
}

impl Drop for Delegation {
    fn drop(&mut self) {
        for group in &self.groups {
            remove_tree(group);
        }
    }
}

/// Returns the directory for all instances in the named hierarchy, if it exists and belongs to this
/// user.
fn named_parent() -> Option<PathBuf> {
    let place = Path::new(NAMED);
    let is_there = place.join("cgroup.procs").is_file();
    (is_there && rustix::process::getuid().is_root()).then(|| place.join(PARENT))
}

/// Returns the directory in the unified hierarchy: for root at the top, for an ordinary user below
/// the daemon's own group.
fn unified_parent() -> Result<PathBuf, String> {
    let place = PLACES
        .iter()
        .map(Path::new)
        .find(|place| place.join("cgroup.controllers").is_file())
        .ok_or("this host has no unified hierarchy of control groups below /sys/fs/cgroup")?;
    if rustix::process::getuid().is_root() {
        return Ok(place.join(PARENT));
    }
    let own = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let own = own
        .lines()
        .find_map(|line| line.strip_prefix("0::/"))
        .ok_or("the daemon is in no control group of the unified hierarchy")?;
    let own = match own {
        "" => place.to_path_buf(),
        below => place.join(below),
    };
    for path in [own.clone(), own.join("cgroup.procs")] {
        rustix::fs::access(&path, Access::WRITE_OK)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    Ok(own.join(PARENT))
}

fn give(group: &Path, owner: Option<u32>) -> io::Result<()> {
    let Some(owner) = owner else { return Ok(()) };
    chown(group, Some(owner), Some(owner))?;
    for file in FILES {
        match chown(group.join(file), Some(owner), Some(owner)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Removes the groups of dead daemons; returns how many there were.
pub(crate) fn sweep() -> usize {
    let parents = unified_parent().ok().into_iter().chain(named_parent());
    parents.map(|parent| sweep_below(&parent)).sum()
}

fn sweep_below(parent: &Path) -> usize {
    let mut removed = 0;
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            continue;
        }
        let name = entry.file_name();
        let owner = name.to_str().and_then(|name| name.split('-').next());
        if !owner.is_some_and(is_daemon) && remove_tree(&entry.path()) {
            removed += 1;
        }
    }
    // Succeeds only if it is empty.
    let _ = fs::remove_dir(parent);
    removed
}
