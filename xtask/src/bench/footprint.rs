//! How much of the host's memory and disk idle instances use. Examines the processes of one
//! daemon's keepers.

use std::fs;

use anyhow::Result;
use serde_json::Value;
use vm_test_tests::process::parents;

/// The resources that several instances use together.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Footprint {
    /// The number of instances.
    pub(crate) instances: u64,
    /// Their proportional share of memory, in KiB: shared pages are divided among their users.
    pub(crate) memory: u64,
    /// The size of their disks' contents, in KiB.
    pub(crate) disk: u64,
}

impl Footprint {
    /// Measures the instances in the output of `vm-test ps --json`.
    pub(crate) fn of(report: &str) -> Result<Self> {
        let report: Value = serde_json::from_str(report)?;
        let instances = report["instances"].as_array().into_iter().flatten();
        let keepers = instances.filter_map(|it| it["keeper"].as_u64()?.try_into().ok());
        let keepers: Vec<u32> = keepers.collect();
        let parents = parents();
        let mut sum = Self {
            instances: keepers.len() as u64,
            ..Self::default()
        };
        for pid in parents.keys() {
            let mut line = std::iter::successors(Some(*pid), |pid| parents.get(pid).copied());
            if line.any(|pid| keepers.contains(&pid)) {
                sum.memory += share(*pid);
                sum.disk += disk(*pid);
            }
        }
        Ok(sum)
    }

    /// Returns the memory and disk space of each instance that was added since.
    pub(crate) fn each_since(self, before: Self) -> Option<(u64, u64)> {
        let more = self.instances.checked_sub(before.instances)?;
        let each = |now: u64, then: u64| now.saturating_sub(then).checked_div(more);
        Some((
            each(self.memory, before.memory)?,
            each(self.disk, before.disk)?,
        ))
    }
}

/// Returns a process's proportional share of memory, in KiB.
pub(super) fn share(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"));
    let share = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
    share.unwrap_or(0)
}

/// Returns the size of the disk that a VM writes to, in KiB, if the process is a VM's.
fn disk(pid: u32) -> u64 {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    if !name.starts_with("qemu-system") {
        return 0;
    }
    let disk = fs::metadata(format!("/proc/{pid}/root/run/disk.qcow2"));
    disk.map_or(0, |disk| disk.len() / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keeper_takes_memory_and_no_disk_of_a_machine() {
        let own = std::process::id();
        let report = format!(r#"{{"instances": [{{"keeper": {own}}}]}}"#);
        let sum = Footprint::of(&report).unwrap();
        assert_eq!((sum.instances, sum.disk), (1, 0));
        assert!(sum.memory > 0, "{sum:?}");
    }

    #[test]
    fn what_was_there_before_does_not_count() {
        let of = |instances, memory| Footprint {
            instances,
            memory,
            disk: 0,
        };
        assert_eq!(of(4, 700).each_since(of(1, 400)), Some((100, 0)));
        assert_eq!(of(1, 400).each_since(of(1, 400)), None);
    }
}
