//! A census of this host: everything at one moment that vm-test could have put there or changed.
//! Two of them are compared. It only reads, and waits only in [`Census::settle`].
//!
//! Other suites and other users run their own daemons at the same time. Descendants of a living
//! daemon other than the given host's are theirs and are not counted.

mod files;
mod host;
mod kernel;
mod processes;

pub use host::{Comparison, HostCensus};

use crate::host::Host;
use processes::Processes;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

/// How far the clock may drift between two censuses if nobody sets it.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(500);

/// How often the host is examined until it has settled.
const POLL: Duration = Duration::from_millis(20);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A process of vm-test, of a runner that uses the host, or of a guest; including zombies.
    Process,
    /// A namespace of such a process.
    Namespace,
    /// A mount on the host.
    Mount,
    /// A mount in the mount namespace of a process that counts.
    GuestMount,
    /// A directory of a control group, of either version.
    ControlGroup,
    /// A network interface of the host.
    Link,
    /// A named Unix socket.
    Socket,
    /// A line of the host's packet filter.
    Rule,
    /// A loop device.
    LoopDevice,
    /// A file where vm-test or a guest could have left one.
    File,
    /// A lock on one of vm-test's files.
    Lock,
    /// A setting of the host's kernel.
    Setting,
}

impl Kind {
    /// Returns whether the host has these without vm-test, so that a missing one is as bad as a new
    /// one.
    fn is_the_hosts(self) -> bool {
        matches!(
            self,
            Self::Mount | Self::Link | Self::Rule | Self::LoopDevice | Self::Setting
        )
    }
}

/// Everything that is counted at one moment.
#[derive(Clone, Debug)]
pub struct Census {
    runtime: PathBuf,
    lines: BTreeSet<(Kind, String)>,
    /// Mounts in namespaces without processes of vm-test, as far as vm-test could have made them:
    /// other mounts there belong to other programs.
    others_mounts: BTreeMap<String, BTreeSet<String>>,
    unseen: Vec<String>,
    /// The time of day minus the time since the boot.
    clock: Duration,
}

impl Census {
    /// Counts the present state, for the daemon of this host.
    #[must_use]
    pub fn take(host: &Host) -> Self {
        Self::of(&host.runtime())
    }

    fn of(runtime: &Path) -> Self {
        let processes = Processes::read(runtime);
        let mut census = Self {
            runtime: runtime.to_owned(),
            lines: BTreeSet::new(),
            others_mounts: BTreeMap::new(),
            unseen: Vec::new(),
            clock: clock(),
        };
        census.add(Kind::Process, processes.describe());
        census.add(Kind::Namespace, processes.namespaces());
        let mounts = kernel::Mounts::read(&processes);
        census.add(Kind::Mount, mounts.own);
        census.add(Kind::GuestMount, mounts.guests);
        census.others_mounts = mounts.others;
        let groups = Path::new("/sys/fs/cgroup");
        let groups = kernel::control_groups(groups, &processes.foreigners());
        census.add(Kind::ControlGroup, groups);
        census.add(Kind::Link, kernel::links());
        census.add(Kind::Socket, kernel::sockets(runtime, &processes));
        match kernel::rules() {
            Ok(rules) => census.add(Kind::Rule, rules),
            Err(reason) => census.unseen.push(format!("packet filter: {reason}")),
        }
        let loops = kernel::loop_devices(Path::new("/sys/block"), processes.foreign_runtimes());
        census.add(Kind::LoopDevice, loops);
        census.add(Kind::File, files::read(runtime, &processes));
        census.add(Kind::Lock, kernel::locks(runtime, &processes));
        let (settings, closed) = kernel::settings();
        census.add(Kind::Setting, settings);
        census.unseen.extend(closed);
        if processes.hidden > 0 {
            census.unseen.push(format!(
                "the namespaces and mounts of {} processes of other users",
                processes.hidden
            ));
        }
        census
    }

    fn add(&mut self, kind: Kind, lines: impl IntoIterator<Item = String>) {
        self.lines
            .extend(lines.into_iter().map(|line| (kind, line)));
    }

    /// Returns what this user cannot see and is therefore not compared.
    #[must_use]
    pub fn unseen(&self) -> &[String] {
        &self.unseen
    }

    /// Returns the lines of one kind.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &str> {
        self.lines
            .iter()
            .filter(move |(this, _)| *this == kind)
            .map(|(_, line)| line.as_str())
    }

    /// Returns a line for everything that was added, and for everything of the host's own that is
    /// missing.
    #[must_use]
    pub fn difference(before: &Self, after: &Self) -> Vec<String> {
        Self::difference_but(before, after, &[])
    }

    fn difference_but(before: &Self, after: &Self, ignored: &[Kind]) -> Vec<String> {
        let counts = |kind: &Kind| !ignored.contains(kind);
        let mut difference: Vec<_> = after
            .lines
            .difference(&before.lines)
            .filter(|(kind, _)| counts(kind))
            .map(|(kind, line)| format!("{kind:?} came: {line}"))
            .collect();
        difference.extend(
            before
                .lines
                .difference(&after.lines)
                .filter(|(kind, _)| counts(kind) && kind.is_the_hosts())
                .map(|(kind, line)| format!("{kind:?} is gone: {line}")),
        );
        for (namespace, mounts) in &after.others_mounts {
            // A new namespace belongs to another program: a guest's mounts are among the lines.
            if let Some(earlier) = before.others_mounts.get(namespace) {
                let came = mounts.difference(earlier);
                difference.extend(came.map(|mount| format!("Mount came in {namespace}: {mount}")));
            }
        }
        let moved = before.clock.abs_diff(after.clock);
        if moved > CLOCK_TOLERANCE {
            difference.push(format!("the clock was set: it is {moved:?} off"));
        }
        difference
    }

    /// Waits until the host is as in this census, at most for `patience`; returns the remaining
    /// differences.
    #[must_use]
    pub fn settle(&self, patience: Duration) -> Vec<String> {
        self.settle_but(patience, &[])
    }

    /// Does the same, but ignores some kinds.
    #[must_use]
    pub fn settle_but(&self, patience: Duration, ignored: &[Kind]) -> Vec<String> {
        let limit = Instant::now() + patience;
        loop {
            let left = Self::difference_but(self, &Self::of(&self.runtime), ignored);
            if left.is_empty() || Instant::now() >= limit {
                return left;
            }
            std::thread::sleep(POLL);
        }
    }
}

fn clock() -> Duration {
    let booted = rustix::time::clock_gettime(rustix::time::ClockId::Boottime);
    let booted = Duration::try_from(booted).unwrap_or_default();
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default().saturating_sub(booted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_is_reported_in_both_directions() {
        let before = Census::of(Path::new("/nowhere"));
        for seconds in [1, -1] {
            let mut after = before.clone();
            after.clock = if seconds > 0 {
                after.clock + Duration::from_secs(1)
            } else {
                after.clock - Duration::from_secs(1)
            };
            assert_eq!(
                Census::difference(&before, &after),
                ["the clock was set: it is 1s off"]
            );
        }
    }

    #[test]
    fn what_is_the_hosts_must_not_go_and_what_is_vm_tests_may() {
        let mut before = Census::of(Path::new("/nowhere"));
        let after = before.clone();
        before.add(Kind::Link, ["eth7".to_owned()]);
        before.add(Kind::ControlGroup, ["vm-test/1-x".to_owned()]);
        assert_eq!(Census::difference(&before, &after), ["Link is gone: eth7"]);
    }
}
