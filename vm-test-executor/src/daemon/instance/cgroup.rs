//! Limits that the kernel enforces: memory and number of processes of an instance, where this user
//! may set them.
//!
//! Directories of control groups outlive the processes in them, so they carry the daemon's process
//! id in their names and are swept by the next start.

use rustix::process::Pid;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use vm_test_sys::process::Process;

const BASE: &str = "/sys/fs/cgroup";
/// The directory for all groups of instances.
pub(super) const PARENT: &str = "vm-test";

/// How many processes an instance may have.
const MOST_PROCESSES: u32 = 4096;

/// How often the removal of a directory is retried while the kernel releases the last process.
const REMOVALS: u32 = 50;

/// The control groups of an instance, which set its limits.
#[derive(Debug)]
pub struct Limits {
    directories: Vec<PathBuf>,
    memory: Option<PathBuf>,
}

/// Returns the directories in which limits can be set: for memory, and for the number of processes.
fn roots() -> [Option<PathBuf>; 2] {
    let unified = Path::new(BASE);
    ["memory", "pids"].map(|controller| {
        let legacy = unified.join(controller);
        if legacy.join("cgroup.procs").is_file() {
            return Some(legacy.join(PARENT));
        }
        let controllers = fs::read_to_string(unified.join("cgroup.controllers")).ok()?;
        controllers
            .split_whitespace()
            .any(|name| name == controller)
            .then(|| unified.join(PARENT))
    })
}

/// Checks whether the kernel can enforce limits here, by setting some.
///
/// # Errors
/// The kernel's reason.
pub fn availability() -> io::Result<()> {
    let limits = Limits::new("probe", 64 << 20)?;
    if limits.memory.is_none() {
        return Err(io::Error::other(
            "no memory controller below /sys/fs/cgroup",
        ));
    }
    Ok(())
}

impl Limits {
    /// Makes the groups of an instance.
    ///
    /// # Errors
    /// If this user may not, or the host has no such groups.
    pub fn new(instance: &str, memory: u64) -> io::Result<Self> {
        let [memory_root, pids_root] = roots();
        let memory_root = memory_root.ok_or(io::ErrorKind::NotFound)?;
        let name = format!("{}-{instance}", std::process::id());
        let mut limits = Self {
            directories: Vec::new(),
            memory: None,
        };
        let group = limits.add(&memory_root, &name)?;
        if group.join("memory.limit_in_bytes").is_file() {
            fs::write(group.join("memory.limit_in_bytes"), memory.to_string())?;
        } else {
            fs::write(group.join("memory.max"), memory.to_string())?;
        }
        limits.memory = Some(group);
        if let Some(root) = pids_root {
            let group = limits.add(&root, &name)?;
            fs::write(group.join("pids.max"), MOST_PROCESSES.to_string())?;
        }
        Ok(limits)
    }

    fn add(&mut self, root: &Path, name: &str) -> io::Result<PathBuf> {
        let group = root.join(name);
        if self.directories.contains(&group) {
            return Ok(group);
        }
        // Another daemon may just be removing the empty parent.
        match self.make(root, &group) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => self.make(root, &group)?,
            made => made?,
        }
        Ok(group)
    }

    fn make(&mut self, root: &Path, group: &Path) -> io::Result<()> {
        if let Err(error) = fs::create_dir(root)
            && error.kind() != io::ErrorKind::AlreadyExists
        {
            return Err(error);
        }
        if root.parent() == Some(Path::new(BASE)) {
            // In the unified hierarchy, controllers are enabled one level at a time.
            for level in [Path::new(BASE), root] {
                fs::write(level.join("cgroup.subtree_control"), "+memory +pids")?;
            }
        }
        fs::create_dir(group)?;
        self.directories.push(group.to_path_buf());
        Ok(())
    }

    /// Moves a process, and thus everything that it will start, into the groups, and returns the files
    /// by which it has to enter the rest of them itself, while it has a single thread.
    ///
    /// To move another process, the kernel takes the lock of all forks and exits, and after a pause that
    /// waits for an RCU grace period of 5 to 10 ms. A thread that moves itself takes no such lock, but
    /// only groups of version 1 can be entered by single threads.
    ///
    /// # Errors
    /// If the process or a directory is gone.
    pub fn take(&self, pid: Pid) -> io::Result<Vec<OwnedFd>> {
        let mut rest = Vec::new();
        for group in &self.directories {
            let threads = group.join("tasks");
            // Whether an ordinary user's keeper may enter depends on its ids, which change.
            if rustix::process::getuid().is_root() && threads.is_file() {
                rest.push(File::options().write(true).open(threads)?.into());
            } else {
                fs::write(group.join("cgroup.procs"), pid.to_string())?;
            }
        }
        Ok(rest)
    }

    /// Returns a reader for the number of processes killed for lack of memory.
    #[must_use]
    pub fn oom_watch(&self) -> OomWatch {
        OomWatch {
            group: self.memory.clone(),
        }
    }
}

/// Reads how many processes of a group the kernel has killed because memory ran out.
#[derive(Clone, Debug, Default)]
pub struct OomWatch {
    group: Option<PathBuf>,
}

impl OomWatch {
    /// Returns the number so far; zero if the kernel does not limit memory.
    #[must_use]
    pub fn oom_kills(&self) -> u64 {
        let Some(group) = &self.group else { return 0 };
        ["memory.oom_control", "memory.events"]
            .iter()
            .filter_map(|file| fs::read_to_string(group.join(file)).ok())
            .filter_map(|text| {
                let line = text
                    .lines()
                    .find_map(|line| line.strip_prefix("oom_kill "))?;
                line.trim().parse::<u64>().ok()
            })
            .sum()
    }
}

impl Drop for Limits {
    fn drop(&mut self) {
        for group in &self.directories {
            remove_tree(group);
        }
    }
}

/// Removes a group and all groups below it, which a guest with its own init makes; returns whether
/// it is gone.
pub(super) fn remove_tree(group: &Path) -> bool {
    if fs::remove_dir(group).is_ok() {
        return true;
    }
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&entry.path());
        }
    }
    for _ in 0..REMOVALS {
        match fs::remove_dir(group) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
                std::thread::sleep(std::time::Duration::from_millis(2));
            }
            removed => return removed.is_ok(),
        }
    }
    false
}

/// Removes the groups of dead daemons; returns the number of directories removed.
pub(crate) fn sweep() -> usize {
    let mut removed = 0;
    for root in roots().into_iter().flatten() {
        for entry in fs::read_dir(&root).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.split('-').next());
            let alive = owner.is_some_and(is_daemon);
            let is_group = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_group && !alive && remove_tree(&entry.path()) {
                removed += 1;
            }
        }
        // Succeeds only if it is empty.
        let _ = fs::remove_dir(&root);
    }
    removed
}

/// Returns whether this process is a daemon.
///
/// Another program may have the id of a dead daemon. A zombie keeps its id and name until its
/// parent has waited for it.
pub(super) fn is_daemon(pid: &str) -> bool {
    Process::of(pid).is_some_and(|process| process.name == "vm-test" && !process.is_dead())
}
