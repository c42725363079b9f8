//! What of the host is examined before and after guests have tried to change it. Reads; changes nothing.

use super::bait::{self, Bait};
use super::tree::{self, Tree};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};
use vm_test_tests::host::Host;

/// How far the clock may move without somebody having set it.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(500);

/// Files of the system that guests try to change.
const SYSTEM: [&str; 3] = ["/etc/passwd", "/etc/hostname", "/usr/bin/env"];

/// Devices of the host that guests have, too.
const DEVICES: [&str; 6] = ["null", "zero", "full", "random", "urandom", "tty"];

/// Where guests try to mount something.
const TARGETS: [&str; 9] = [
    "/", "/dev", "/dev/shm", "/proc", "/sys", "/run", "/tmp", "/usr", "/mnt",
];

/// The host at one moment.
#[derive(Debug)]
pub(crate) struct Canaries {
    settings: Vec<(String, String)>,
    /// The time of day less the time since the boot.
    clock: Duration,
    names: String,
    mounts: BTreeSet<String>,
    modules: String,
    release_agents: Tree,
    pub(crate) process: String,
    trees: Tree,
    system: Tree,
    devices: Tree,
    agent: Tree,
}

impl Canaries {
    pub(crate) fn examine(bait: &Bait) -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let setting = |name: String| {
            let value = read(&format!("/proc/sys/{name}"));
            (name, value)
        };
        let all = |paths: &mut dyn Iterator<Item = PathBuf>| {
            paths.flat_map(|path| tree::read(&path)).collect::<Tree>()
        };
        Self {
            settings: bait::settings()
                .into_iter()
                .map(setting)
                .chain(read_ahead())
                .collect(),
            clock: clock(),
            names: read("/proc/sys/kernel/hostname") + &read("/proc/sys/kernel/domainname"),
            mounts: mounts(),
            modules: read("/proc/modules"),
            release_agents: release_agents(),
            process: bait.process(),
            trees: all(&mut bait.trees().into_iter()),
            system: all(&mut SYSTEM.iter().map(PathBuf::from)),
            devices: owners(&all(&mut DEVICES
                .iter()
                .map(|name| Path::new("/dev").join(name)))),
            agent: tree::read(&Host::program().with_file_name("vm-test-agent")),
        }
    }

    pub(crate) fn settings(before: &Self, after: &Self) -> Vec<String> {
        let pairs = before.settings.iter().zip(&after.settings);
        let mut wrong: Vec<_> = pairs
            .filter(|(one, other)| one != other)
            .map(|(one, other)| format!("{one:?} is {other:?}"))
            .collect();
        wrong.extend((before.modules != after.modules).then(|| after.modules.clone()));
        wrong
    }

    pub(crate) fn clock(before: &Self, after: &Self) -> Vec<String> {
        let moved = before.clock.abs_diff(after.clock);
        let is_set = moved > CLOCK_TOLERANCE;
        is_set
            .then(|| format!("the clock was set: it is {moved:?} off"))
            .into_iter()
            .collect()
    }

    pub(crate) fn names(before: &Self, after: &Self) -> Vec<String> {
        let is_new = before.names != after.names;
        is_new
            .then(|| format!("{:?} is {:?}", before.names, after.names))
            .into_iter()
            .collect()
    }

    pub(crate) fn mounts(before: &Self, after: &Self) -> Vec<String> {
        let differs = before.mounts.symmetric_difference(&after.mounts);
        differs.cloned().chain(mounts_of_guests()).collect()
    }

    pub(crate) fn groups(before: &Self, after: &Self) -> Vec<String> {
        tree::difference(&before.release_agents, &after.release_agents)
    }

    pub(crate) fn files(before: &Self, after: &Self) -> Vec<String> {
        [
            (&before.trees, &after.trees),
            (&before.system, &after.system),
        ]
        .into_iter()
        .flat_map(|(one, other)| tree::difference(one, other))
        .collect()
    }

    pub(crate) fn devices(before: &Self, after: &Self) -> Vec<String> {
        tree::difference(&before.devices, &after.devices)
    }

    pub(crate) fn agent(before: &Self, after: &Self) -> Vec<String> {
        tree::difference(&before.agent, &after.agent)
    }
}

fn clock() -> Duration {
    let booted = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
        .saturating_sub(Duration::try_from(booted).unwrap_or_default())
}

/// How far ahead each disk reads.
fn read_ahead() -> Vec<(String, String)> {
    let disks = fs::read_dir("/sys/block").into_iter().flatten().flatten();
    let mut found: Vec<_> = disks
        .map(|disk| disk.path().join("queue/read_ahead_kb"))
        .map(|path| {
            (
                path.display().to_string(),
                fs::read_to_string(path).unwrap_or_default(),
            )
        })
        .collect();
    found.sort();
    found
}

/// The mounts at the places that guests try, as mount information has them; others come and go with other programs.
fn mounts() -> BTreeSet<String> {
    let text = fs::read_to_string("/proc/self/mountinfo").expect("the list of mounts");
    let is_tried = |line: &&str| {
        line.split(' ')
            .nth(4)
            .is_some_and(|target| TARGETS.contains(&target))
    };
    text.lines().filter(is_tried).map(str::to_owned).collect()
}

/// Mounts with the name that guests give to theirs, in any namespace of the host that this user may look into.
fn mounts_of_guests() -> BTreeSet<String> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let lists =
        processes.filter_map(|entry| fs::read_to_string(entry.path().join("mountinfo")).ok());
    lists
        .flat_map(|text| {
            let ours = |line: &&str| line.contains(" containment ");
            text.lines()
                .filter(ours)
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// What the kernel would run when a control group becomes empty.
fn release_agents() -> Tree {
    let groups = fs::read_dir("/sys/fs/cgroup")
        .into_iter()
        .flatten()
        .flatten();
    groups
        .map(|group| group.path().join("release_agent"))
        .filter_map(|path| Some((path.display().to_string(), fs::read_to_string(&path).ok()?)))
        .collect()
}

/// Without the times: whoever writes to a device changes them.
fn owners(devices: &Tree) -> Tree {
    let cut = |told: &String| {
        told.split(" modified")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    devices
        .iter()
        .map(|(path, told)| (path.clone(), cut(told)))
        .collect()
}
