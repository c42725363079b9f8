//! The processes that belong to vm-test: its own, those that use its host, and those of guests.
//!
//! A process counts by evidence: its environment names the host's runtime directory, it is in a pid
//! namespace below this one, its user is one of a guest's, or its control group or its name is
//! vm-test's. It does not count if it descends from another daemon or from an unrelated program
//! that made its own namespaces.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The lowest user id of a real root's guests.
const GUEST_USERS: u32 = 1 << 30;

const RUNTIME: &str = "VM_TEST_RUNTIME_DIR";
const PROGRAMS: [&str; 2] = ["vm-test", "vm-test-agent"];
const NAMESPACES: [&str; 8] = ["cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"];

#[derive(Debug)]
struct Process {
    parent: u32,
    name: String,
    /// Whether the whole process is a zombie.
    zombie: bool,
    started: u64,
    user: u32,
    /// The depth of its pid namespace.
    depth: usize,
    command: String,
    group: String,
    /// The runtime directory in its environment, if that can be read.
    runtime: Option<PathBuf>,
}

/// All processes, and which of them count.
#[derive(Debug)]
pub(super) struct Processes {
    all: BTreeMap<u32, Process>,
    counted: BTreeSet<u32>,
    foreign: BTreeMap<u32, Option<PathBuf>>,
    /// How many processes have namespaces that this user cannot see.
    pub(super) hidden: usize,
}

impl Processes {
    pub(super) fn read(runtime: &Path) -> Self {
        let guests = Guests::of_this_user();
        let all: BTreeMap<_, _> = pids()
            .filter_map(|pid| Some((pid, Process::read(pid)?)))
            .collect();
        let foreign = all
            .iter()
            .filter(|(_, process)| process.is_daemon() && !process.zombie)
            .filter(|(_, process)| process.runtime.as_deref() != Some(runtime))
            .map(|(&pid, process)| (pid, process.runtime.clone()))
            .collect();
        let mut processes = Self {
            all,
            counted: BTreeSet::new(),
            foreign,
            hidden: 0,
        };
        let ancestors = processes.ancestors(std::process::id());
        let own_depth = processes
            .all
            .get(&std::process::id())
            .map_or(1, |this| this.depth);
        let suspects: BTreeSet<_> = processes
            .all
            .iter()
            .filter(|(pid, process)| {
                !ancestors.contains(pid) && process.is_suspect(runtime, &guests, own_depth)
            })
            .map(|(&pid, _)| pid)
            .collect();
        let counted = suspects
            .iter()
            .filter(|&&pid| processes.is_ours(pid, &suspects, &ancestors))
            .copied()
            .collect();
        processes.counted = counted;
        let is_closed = |pid: &u32| {
            let error = fs::read_link(format!("/proc/{pid}/ns/mnt")).err();
            // The kernel's answer for a process that just ended is the same.
            error.is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
                && Path::new(&format!("/proc/{pid}")).exists()
        };
        processes.hidden = processes.all.keys().filter(|pid| is_closed(pid)).count();
        processes
    }

    /// Returns the process and its ancestors.
    fn ancestors(&self, pid: u32) -> BTreeSet<u32> {
        let mut ancestors = BTreeSet::from([0, 1]);
        let mut next = Some(pid);
        while let Some(pid) = next
            && ancestors.insert(pid)
        {
            next = self.all.get(&pid).map(|process| process.parent);
        }
        ancestors
    }

    /// Follows the parents of a suspect up to the first process that is not one.
    ///
    /// Orphans of ours end at an ancestor of this process.
    fn is_ours(&self, pid: u32, suspects: &BTreeSet<u32>, ancestors: &BTreeSet<u32>) -> bool {
        let mut pid = pid;
        while suspects.contains(&pid) {
            if self.foreign.contains_key(&pid) {
                return false;
            }
            let Some(process) = self.all.get(&pid) else {
                break;
            };
            // A dead orphan waits until an init reaps it, which takes some time and does not
            // concern us.
            let init = process.parent != std::process::id() && ancestors.contains(&process.parent);
            if process.zombie && init {
                return false;
            }
            pid = process.parent;
        }
        ancestors.contains(&pid)
    }

    pub(super) fn describe(&self) -> Vec<String> {
        let describe = |pid: &u32| {
            let process = self.all.get(pid)?;
            let state = if process.zombie { " (a zombie)" } else { "" };
            Some(format!(
                "{pid} `{}`{state}, started {}, child of {}, user {}, depth {}, {}",
                process.name,
                process.started,
                process.parent,
                process.user,
                process.depth,
                process.command
            ))
        };
        self.counted.iter().filter_map(describe).collect()
    }

    /// Returns the namespaces of processes that count, and those that they hold open.
    pub(super) fn namespaces(&self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        for pid in &self.counted {
            let own = NAMESPACES.map(|name| PathBuf::from(format!("/proc/{pid}/ns/{name}")));
            let open = fs::read_dir(format!("/proc/{pid}/fd"));
            let open = open.into_iter().flatten().flatten();
            for path in own.into_iter().chain(open.map(|entry| entry.path())) {
                let link = fs::read_link(path).unwrap_or_default();
                if let Some(text) = link.to_str()
                    && NAMESPACES
                        .iter()
                        .any(|name| text.starts_with(&format!("{name}:[")))
                {
                    found.insert(text.to_owned());
                }
            }
        }
        for name in NAMESPACES {
            let host = fs::read_link(format!("/proc/self/ns/{name}")).unwrap_or_default();
            found.remove(host.to_str().unwrap_or_default());
        }
        found
    }

    /// Returns all visible processes, each with whether it counts, without those of other daemons.
    pub(super) fn with_mounts(&self) -> impl Iterator<Item = (u32, bool)> {
        let alien = |pid: &&u32| {
            let mut next = Some(**pid);
            while let Some(pid) = next {
                if self.foreign.contains_key(&pid) {
                    return false;
                }
                next = self.all.get(&pid).map(|process| process.parent);
            }
            true
        };
        let pids = self.all.keys().filter(alien);
        pids.map(|pid| (*pid, self.counted.contains(pid)))
    }

    pub(super) fn counts(&self, pid: u32) -> bool {
        self.counted.contains(&pid)
    }

    /// Returns the daemons of others.
    pub(super) fn foreigners(&self) -> BTreeSet<u32> {
        self.foreign.keys().copied().collect()
    }

    /// Returns the runtime directories of others' daemons, as far as they are visible.
    pub(super) fn foreign_runtimes(&self) -> BTreeSet<PathBuf> {
        self.foreign.values().flatten().cloned().collect()
    }
}

impl Process {
    fn read(pid: u32) -> Option<Self> {
        let read = |name: &str| fs::read(format!("/proc/{pid}/{name}"));
        let text = |name: &str| {
            let bytes = read(name).unwrap_or_default();
            String::from_utf8_lossy(&bytes).replace('\0', " ")
        };
        let stat = text("stat");
        // The name may contain spaces and parentheses.
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let fields: Vec<_> = rest.split_whitespace().collect();
        let status = text("status");
        let depth = status
            .lines()
            .find_map(|line| line.strip_prefix("NSpid:"))
            .map_or(1, |line| line.split_whitespace().count());
        let variables = read("environ").unwrap_or_default();
        let runtime = variables
            .split(|&byte| byte == 0)
            .find_map(|variable| variable.strip_prefix(format!("{RUNTIME}=").as_bytes()))
            .map(|value| PathBuf::from(String::from_utf8_lossy(value).into_owned()));
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            name: name.to_owned(),
            zombie: *fields.first()? == "Z" && *fields.get(17)? == "1",
            started: fields.get(19)?.parse().ok()?,
            user: fs::metadata(format!("/proc/{pid}")).ok()?.uid(),
            depth,
            command: text("cmdline").chars().take(200).collect(),
            group: text("cgroup"),
            runtime,
        })
    }

    fn is_daemon(&self) -> bool {
        self.name == PROGRAMS[0] && self.command.contains(" daemon ")
    }

    fn is_suspect(&self, runtime: &Path, guests: &Guests, own_depth: usize) -> bool {
        self.runtime.as_deref() == Some(runtime)
            || self.depth > own_depth
            || guests.contains(self.user)
            || PROGRAMS.contains(&self.name.as_str())
            || self.group.contains("/vm-test/")
    }
}

/// The host's user ids that belong to guests.
#[derive(Debug)]
pub(super) struct Guests {
    begin: u32,
    end: u32,
}

impl Guests {
    pub(super) fn of_this_user() -> Self {
        let user = rustix::process::getuid();
        if user.is_root() {
            return Self {
                begin: GUEST_USERS,
                end: u32::MAX,
            };
        }
        let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
        let name = passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            let name = fields.next()?;
            (fields.nth(1)? == user.as_raw().to_string()).then_some(name)
        });
        let ranges = fs::read_to_string("/etc/subuid").unwrap_or_default();
        let range = ranges.lines().find_map(|line| {
            let mut fields = line.split(':');
            let owner = fields.next()?;
            let begin: u32 = fields.next()?.parse().ok()?;
            let count: u32 = fields.next()?.trim().parse().ok()?;
            (Some(owner) == name).then_some((begin, begin + count))
        });
        let (begin, end) = range.unwrap_or((0, 0));
        Self { begin, end }
    }

    pub(super) fn contains(&self, user: u32) -> bool {
        (self.begin..self.end).contains(&user)
    }
}

fn pids() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}
