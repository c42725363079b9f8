//! How much memory the guest's processes use, for guests whose limit the kernel does not hold, and
//! whether it ran out. Reads `/proc`.

use super::{children, kind};
use rustix::process::Pid;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, ReadDir};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vm_test_sys::process::Process;

/// Returns how many processes the kernel has killed so far because memory ran out. In a VM these
/// are the guest's.
pub(super) fn kills() -> u64 {
    let text = fs::read_to_string("/proc/vmstat").unwrap_or_default();
    let count = text.lines().find_map(|line| line.strip_prefix("oom_kill "));
    count.and_then(|count| count.parse().ok()).unwrap_or(0)
}

/// How many processes are examined at a time.
///
/// With thousands of processes competing for the processor, more work would mean waiting seconds
/// for the next time slice.
const STEP: usize = 256;

/// How often the memory in use is determined at most, however many ask.
const PAUSE: Duration = Duration::from_millis(10);

/// How many generations a process is below the job that it belongs to, at most.
const GENERATIONS: usize = 64;

/// The memory that the guest's processes may use, if the agent must see to that.
#[derive(Debug)]
pub(super) struct Limit {
    most: Option<u64>,
    last: Mutex<Look>,
}

/// What was last seen.
#[derive(Debug, Default)]
struct Look {
    at: Option<Instant>,
    watch: Watch,
    is_over: bool,
    /// The job that has the largest process, if they use more and one of the running jobs has it.
    largest: Option<Pid>,
}

impl Limit {
    pub(super) fn new(most: Option<u64>) -> Self {
        Self {
            most,
            last: Mutex::default(),
        }
    }

    /// Forgets what was seen of jobs that are over.
    pub(super) fn forget(&self) {
        *self.lock() = Look::default();
    }

    /// Returns whether anything needs to be watched.
    pub(super) fn is_watched(&self) -> bool {
        self.most.is_some()
    }

    /// Returns whether the guest's processes use more.
    pub(super) fn is_exceeded(&self) -> bool {
        self.look().is_over
    }

    /// Returns whether they use more, and this job is to be killed for it: it has the largest
    /// process, or none of the running jobs has.
    pub(super) fn is_exceeded_by(&self, job: Pid) -> bool {
        let look = self.look();
        look.is_over && look.largest.is_none_or(|largest| largest == job)
    }

    /// Returns whether there are more processes than one look examines.
    pub(super) fn is_behind(&self) -> bool {
        self.look().watch.entries.is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Look> {
        self.last.lock().unwrap_or_else(|lock| lock.into_inner())
    }

    fn look(&self) -> MutexGuard<'_, Look> {
        let mut look = self.lock();
        if let Some(most) = self.most
            && look.at.is_none_or(|at| at.elapsed() >= PAUSE)
        {
            look.is_over = look.watch.in_use() > most;
            let largest = look.watch.largest.max(look.watch.last_largest);
            let largest = largest.filter(|_| look.is_over);
            look.largest = largest.and_then(|(_, process)| job_of(process));
            look.at = Some(Instant::now());
        }
        look
    }
}

/// Returns the job that a process belongs to, if it runs.
fn job_of(process: i32) -> Option<Pid> {
    let mut pid = Pid::from_raw(process)?;
    for _ in 0..GENERATIONS {
        if children::is_job(pid) {
            return Some(pid);
        }
        pid = Pid::from_raw(Process::of(pid)?.parent)?;
    }
    None
}

/// Sums up the guest's memory, over part of its processes at a time.
#[derive(Debug, Default)]
struct Watch {
    entries: Option<ReadDir>,
    /// The sum over the processes examined in this round.
    sum: u64,
    /// The sum of the last complete round.
    last: u64,
    /// The largest process of this round, after its size.
    largest: Option<(u64, i32)>,
    /// That of the last complete round.
    last_largest: Option<(u64, i32)>,
}

impl Watch {
    /// Returns the private memory of the guest's processes plus that of its files in memory, in
    /// bytes.
    ///
    /// With many processes, the numbers for some are a few calls old.
    fn in_use(&mut self) -> u64 {
        self.look_on();
        self.sum.max(self.last) + of_files()
    }

    fn look_on(&mut self) {
        let page = rustix::param::page_size() as u64;
        let entries = self.entries.take().or_else(|| fs::read_dir("/proc").ok());
        let Some(mut entries) = entries else {
            return;
        };
        let mut looked_at = 0;
        while looked_at < STEP {
            let Some(entry) = entries.next() else {
                self.last = std::mem::take(&mut self.sum);
                self.last_largest = self.largest.take();
                return;
            };
            let process = entry.ok().and_then(|entry| {
                let id = entry.file_name().to_str()?.parse().ok()?;
                Some((entry, id))
            });
            if let Some((entry, id)) = process {
                looked_at += 1;
                let text = fs::read_to_string(entry.path().join("statm")).unwrap_or_default();
                let size = own_pages(&text).unwrap_or(0) * page;
                self.sum += size;
                self.largest = self.largest.max(Some((size, id)));
            }
        }
        self.entries = Some(entries);
    }
}

/// Returns the size of all files in memory-backed file systems that the agent sees, each file
/// system counted once.
///
/// The root's is included, directly or as the upper layer of an overlay, unless the root is on a
/// disk, as it always is in a VM.
pub(super) fn of_files() -> u64 {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    let root = !is_on_disk(&table) && !kind::is_vm();
    in_memory(&table)
        .into_iter()
        .chain(root.then_some("/"))
        .filter_map(|place| rustix::fs::statvfs(place).ok())
        .map(|system| system.f_blocks.saturating_sub(system.f_bfree) * system.f_frsize)
        .sum()
}

/// Returns one mount point for each file system in memory, except the root's.
///
/// Only the last mount at a place can be queried there, and others may belong to a program that
/// does not answer.
fn in_memory(table: &str) -> Vec<&str> {
    let mut mounts = BTreeMap::new();
    for line in table.lines() {
        let Some((mount, system)) = line.split_once(" - ") else {
            continue;
        };
        let mut fields = mount.split(' ');
        if let (Some(device), Some(place)) = (fields.nth(2), fields.nth(1)) {
            mounts.insert(place, (device, system.starts_with("tmpfs ")));
        }
    }
    let root = mounts.remove("/").map(|(device, _)| device);
    let mut seen: BTreeSet<_> = root.into_iter().collect();
    mounts
        .into_iter()
        .filter(|(_, (device, in_memory))| *in_memory && seen.insert(*device))
        .map(|(place, _)| place)
        .collect()
}

/// Returns whether the root is a snapshot on a disk.
fn is_on_disk(table: &str) -> bool {
    let root = table.lines().rev().find_map(|line| {
        let (mount, system) = line.split_once(" - ")?;
        (mount.split(' ').nth(4) == Some("/")).then_some(system)
    });
    root.is_some_and(|system| system.starts_with("btrfs "))
}

/// Returns the resident pages, without those shared with files or other processes.
fn own_pages(statm: &str) -> Option<u64> {
    let mut fields = statm.split(' ').map(str::parse::<u64>);
    let resident = fields.nth(1)?.ok()?;
    let shared = fields.next()?.ok()?;
    Some(resident.saturating_sub(shared))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::children::JobProcess;
    use std::process::{Command, Stdio};

    #[test]
    fn a_process_belongs_to_the_job_that_it_descends_from() {
        let start = || {
            let mut shell = Command::new("sh");
            shell.args(["-c", "sh -c 'read line; true'; true"]);
            shell.stdin(Stdio::piped()).spawn()
        };
        let (job, mut child) = JobProcess::start(start, |child| child).unwrap();
        let is_below = |id: &i32| Process::of(id).is_some_and(|it| Some(it.parent) == raw(job.pid));
        let limit = Instant::now() + Duration::from_secs(60);
        let below = loop {
            let entries = fs::read_dir("/proc").unwrap().flatten();
            let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
            if let Some(below) = ids.into_iter().find(is_below) {
                break below;
            }
            assert!(Instant::now() < limit, "it starts no process");
        };
        assert_eq!(job_of(below), Some(job.pid));
        assert_eq!(job_of(std::process::id().cast_signed()), None);
        drop(child.stdin.take());
        while job.ended().is_none() {
            assert!(Instant::now() < limit, "it does not end");
        }
    }

    fn raw(pid: Pid) -> Option<i32> {
        Some(pid.as_raw_nonzero().get())
    }

    #[test]
    fn without_a_limit_nothing_exceeds_it_and_with_one_everybody_learns_it() {
        let own = rustix::process::getpid();
        assert!(!Limit::new(None).is_exceeded_by(own));
        assert!(!Limit::new(Some(u64::MAX)).is_exceeded());
        let limit = Limit::new(Some(1));
        assert!(limit.is_exceeded());
        // The largest process of this host is no job.
        assert!(limit.is_exceeded_by(own));
    }

    #[test]
    fn pages_of_files_do_not_count() {
        assert_eq!(super::own_pages("900 300 100 5 0 50 0\n"), Some(200));
        assert_eq!(super::own_pages("nonsense"), None);
    }

    #[test]
    fn a_root_on_a_disk_is_no_memory() {
        let root = |system: &str| {
            format!("1 0 0:40 /a / rw - {system} x rw\n2 1 0:4 / /run rw - btrfs x rw")
        };
        assert!(super::is_on_disk(&root("btrfs")));
        assert!(!super::is_on_disk(&root("overlay")));
    }

    #[test]
    fn each_file_system_in_memory_is_counted_once_and_where_it_can_be_asked() {
        let table = "1 0 0:40 / / rw - tmpfs vm-test rw\n\
            2 1 0:40 /tmp /again rw shared:1 - tmpfs vm-test rw\n\
            3 1 0:44 / /dev/shm rw,nosuid - tmpfs shm rw,size=9k\n\
            4 1 0:44 / /elsewhere rw,nosuid - tmpfs shm rw,size=9k\n\
            5 1 0:45 / /covered rw - tmpfs x rw\n\
            6 5 0:46 / /covered rw - fuse.x x rw\n\
            7 1 8:1 / /mnt rw - ext4 x rw";
        assert_eq!(super::in_memory(table), ["/dev/shm"]);
    }
}
