//! How much memory the guest's processes use, for guests whose limit the kernel does not hold, and
//! whether it ran out. Reads `/proc`.

use super::kind;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, ReadDir};

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

/// Sums up the guest's memory, over part of its processes at a time.
#[derive(Debug, Default)]
pub(super) struct Watch {
    entries: Option<ReadDir>,
    /// The sum over the processes examined in this round.
    sum: u64,
    /// The sum of the last complete round.
    last: u64,
}

impl Watch {
    /// Returns the private memory of the guest's processes plus that of its files in memory, in
    /// bytes.
    ///
    /// With many processes, the numbers for some are a few calls old.
    pub(super) fn in_use(&mut self) -> u64 {
        self.look_on();
        self.sum.max(self.last) + of_files()
    }

    /// Returns whether there are more processes than one call examines.
    pub(super) fn is_behind(&self) -> bool {
        self.entries.is_some()
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
                return;
            };
            let process = entry.ok().filter(|entry| {
                let name = entry.file_name();
                name.as_encoded_bytes().iter().all(u8::is_ascii_digit)
            });
            if let Some(process) = process {
                looked_at += 1;
                let text = fs::read_to_string(process.path().join("statm")).unwrap_or_default();
                self.sum += own_pages(&text).unwrap_or(0) * page;
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
