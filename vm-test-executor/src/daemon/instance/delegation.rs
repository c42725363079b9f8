//! A control group that a guest's own init may manage: made below a directory that this user owns, given to the guest's
//! root, and removed with everything that the guest has created in it. Sets no limits.
//!
//! Its directories outlive the processes in them, so they carry the daemon's process id in their names and are swept by
//! the next start.

use super::cgroup::{PARENT, is_daemon, remove_tree};
use rustix::fs::Access;
use rustix::process::Pid;
use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

/// Where the unified hierarchy may be. Beside the old ones it has a directory of its own.
const PLACES: [&str; 2] = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"];

/// The group that is given to the guest, below the instance's: what sets limits must not be the guest's.
const GIVEN: &str = "system";

/// systemd keeps its groups in this old hierarchy, too, where there is one.
const NAMED: &str = "/sys/fs/cgroup/systemd";

/// What a group's owner must be able to write, besides making directories.
const FILES: [&str; 4] = [
    "cgroup.procs",
    "cgroup.subtree_control",
    "cgroup.threads",
    "tasks",
];

/// A group of one instance, in each hierarchy that its init manages.
#[derive(Debug)]
pub(crate) struct Delegation {
    groups: Vec<PathBuf>,
}

impl Delegation {
    /// Makes the group of an instance and gives it to `owner`, if that is somebody else than this user.
    ///
    /// # Errors
    /// Why this user can give none.
    pub(crate) fn new(instance: &str, owner: Option<u32>) -> Result<Self, String> {
        let name = format!("{}-{instance}", std::process::id());
        let mut delegation = Self { groups: Vec::new() };
        delegation.add(unified_parent()?.join(&name), owner)?;
        if let Some(parent) = named_parent() {
            // Without it the guest's init is as good, and complains.
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

    /// Puts a process, and with it all that it will start, into the group.
    ///
    /// # Errors
    /// If it is gone, or may not be moved from where it is.
    pub(super) fn take(&self, pid: Pid) -> io::Result<()> {
        for group in &self.groups {
            fs::write(group.join(GIVEN).join("cgroup.procs"), pid.to_string())?;
            // Controllers that are not there, or may not be handed on, are missed by limits within the guest only.
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

/// The directory for the groups of all instances in the named hierarchy, if it is there and this user's.
fn named_parent() -> Option<PathBuf> {
    let place = Path::new(NAMED);
    let is_there = place.join("cgroup.procs").is_file();
    (is_there && rustix::process::getuid().is_root()).then(|| place.join(PARENT))
}

/// The same in the unified hierarchy: root's at the top, an ordinary user's below the daemon's own group.
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

/// Removes the groups of daemons that are no more; how many there were.
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
    // Goes only when it is empty.
    let _ = fs::remove_dir(parent);
    removed
}
