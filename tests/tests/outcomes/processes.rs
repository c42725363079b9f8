//! The processes below a host's daemon: keepers, and what runs in their guests. Reads `/proc`; ends
//! nothing.

use std::fs;
use std::thread;
use std::time::{Duration, Instant};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;
use vm_test_tests::process::parents;

/// How long the processes of an ended guest may remain. A VM that is prepared for a lease has a
/// keeper, too, and counts as waiting only when it is ready.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns how many instances wait for a lease, as the daemon reports.
fn spares(host: &Host) -> usize {
    let output = host.vm_test().args(["ps", "--json"]).output();
    let output = output.expect("vm-test starts").stdout;
    let report: serde_json::Value = serde_json::from_slice(&output).expect("JSON");
    let spares = report["daemons"][0]["spares"].as_u64();
    usize::try_from(spares.expect("a number")).expect("a small number")
}

/// What the process is called that keepers are copies of.
const ZYGOTE: &str = "(vm-test-zygote)";

/// Asserts that the daemon lives and has no keepers except those of instances that wait for a lease,
/// not even zombies.
pub(crate) fn assert_no_keeper_is_left(host: &Host) {
    let daemon = Daemon::of(host).expect("the daemon is still there").pid;
    let limit = Instant::now() + PATIENCE;
    loop {
        let left: Vec<_> = parents()
            .into_iter()
            .filter_map(|(pid, parent)| (parent == daemon).then_some(pid))
            .map(|pid| fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default())
            .filter(|stat| !stat.contains(ZYGOTE))
            .collect();
        if left.is_empty() || left.len() == spares(host) {
            return;
        }
        assert!(Instant::now() < limit, "the daemon still has {left:#?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// Returns the keepers of the guests with a process whose command line has all these words; `None`
/// if there are not yet `count`.
pub(crate) fn keepers_of(host: &Host, words: &[&str], count: usize) -> Option<Vec<u32>> {
    let daemon = Daemon::of(host)?.pid;
    let parents = parents();
    let runs = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        words.iter().all(|word| line.contains(word))
    };
    let keepers: Vec<_> = parents
        .keys()
        .filter(|pid| runs(pid))
        .filter_map(|&pid| {
            let mut chain = std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
            chain.find(|pid| parents.get(pid) == Some(&daemon))
        })
        .collect();
    (keepers.len() == count).then_some(keepers)
}

/// Returns the emulators below a keeper.
pub(crate) fn emulators_of(keeper: u32) -> Vec<u32> {
    let parents = parents();
    let is_emulator = |pid: &u32| {
        let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
        name.starts_with("qemu-system")
    };
    parents
        .keys()
        .filter(|pid| is_emulator(pid))
        .copied()
        .filter(|&pid| {
            let mut chain = std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
            chain.any(|pid| pid == keeper)
        })
        .collect()
}

/// Returns the keepers of the VMs whose tests only wait; `None` if there are not yet `count`.
///
/// Processes in a VM are not visible, but its idle processor is.
pub(crate) fn sleeping_vms(host: &Host, count: usize) -> Option<Vec<u32>> {
    let daemon = Daemon::of(host)?.pid;
    let parents = parents();
    let keepers: Vec<_> = parents
        .iter()
        .filter(|(_, parent)| **parent == daemon)
        .map(|(pid, _)| *pid)
        .filter(|&keeper| !emulators_of(keeper).is_empty())
        .collect();
    let time = || -> u64 {
        let emulators = keepers.iter().flat_map(|&keeper| emulators_of(keeper));
        emulators.map(processor_time).sum()
    };
    if keepers.len() != count {
        return None;
    }
    let rests = || {
        let before = time();
        thread::sleep(REST);
        time() < before + MOST_AT_REST
    };
    // One that starts may wait for a disk, or for its turn on a busy processor.
    (rests() && rests()).then_some(keepers)
}

/// How long a VM must be idle, twice in a row, and how many ticks (of 10 ms) it may use each time.
const REST: Duration = Duration::from_secs(4);
const MOST_AT_REST: u64 = 40;

/// Returns how long a process has run, in ticks.
fn processor_time(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
    let times = fields.split(' ').skip(11).take(2);
    times.filter_map(|time| time.parse::<u64>().ok()).sum()
}
