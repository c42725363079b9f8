//! Named objects of the kernel: mounts, control groups, interfaces, sockets, packet filter, loop
//! devices, locks, settings. Each is read as a line that contains everything that must not change.

use super::processes::Processes;
use crate::daemon::name_in_locks;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Loop devices with this number or a higher one are made only by vm-test.
const OWN_LOOPS: u32 = 1 << 19;

/// Settings below `/proc/sys` that a guest might try to change.
const SETTINGS: [&str; 21] = [
    "fs/protected_hardlinks",
    "fs/protected_symlinks",
    "fs/suid_dumpable",
    "kernel/core_pattern",
    "kernel/domainname",
    "kernel/hostname",
    "kernel/modprobe",
    "kernel/msgmax",
    "kernel/panic",
    "kernel/printk",
    "kernel/randomize_va_space",
    "kernel/shmmni",
    "kernel/sysrq",
    "kernel/threads-max",
    "net/ipv4/conf/all/forwarding",
    "net/ipv4/ip_forward",
    "net/ipv6/conf/all/forwarding",
    "user/max_user_namespaces",
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "vm/swappiness",
];

/// The mounts of all visible namespaces.
pub(super) struct Mounts {
    /// Those in this process's namespace.
    pub(super) own: BTreeSet<String>,
    /// Those in namespaces of processes that count.
    pub(super) guests: BTreeSet<String>,
    /// Those in all other namespaces.
    pub(super) others: BTreeMap<String, BTreeSet<String>>,
}

impl Mounts {
    pub(super) fn read(processes: &Processes) -> Self {
        let name = |pid: &str| {
            let link = fs::read_link(format!("/proc/{pid}/ns/mnt")).ok()?;
            link.to_str().map(str::to_owned)
        };
        // Other suites and programs that build images mount what they like in their own directories
        // below this one.
        let others = |line: &String| {
            let below = line
                .split(' ')
                .nth(1)
                .is_some_and(|place| place.starts_with("/tmp/"));
            below && !line.contains("vm-test")
        };
        let mut mounts = Self {
            own: mounts_of("self").filter(|line| !others(line)).collect(),
            guests: BTreeSet::new(),
            others: BTreeMap::new(),
        };
        let mut seen: BTreeSet<_> = name("self").into_iter().collect();
        let (own, others): (Vec<_>, Vec<_>) =
            processes.with_mounts().partition(|(_, counts)| *counts);
        for (pid, counts) in own.into_iter().chain(others) {
            let pid = pid.to_string();
            let Some(namespace) = name(&pid) else {
                continue;
            };
            if !seen.insert(namespace.clone()) {
                continue;
            }
            if counts {
                let lines = mounts_of(&pid).map(|mount| format!("{mount} in {namespace}"));
                mounts.guests.extend(lines);
            } else {
                let ours = |mount: &String| {
                    let source = mount.split(' ').nth(4);
                    source.is_some_and(|source| source.starts_with("vm-test"))
                };
                let lines = mounts_of(&pid).filter(ours);
                mounts.others.insert(namespace, lines.collect());
            }
        }
        mounts
    }
}

/// Returns the mounts that a process sees, without their arbitrary ids.
pub(super) fn mounts_of(pid: &str) -> impl Iterator<Item = String> {
    let text = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
    let lines: Vec<_> = text
        .lines()
        .filter_map(|line| {
            let (mount, kind) = line.split_once(" - ")?;
            let fields: Vec<_> = mount.split(' ').collect();
            Some(format!("{} {kind}", fields.get(3..6)?.join(" ")))
        })
        .collect();
    // Two mounts at the same place may look the same; their number matters.
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in lines {
        *counts.entry(line).or_default() += 1;
    }
    counts.into_iter().map(|(line, count)| match count {
        1 => line,
        count => format!("{line}, {count} times"),
    })
}

/// Returns the directories below `root` that belong to vm-test or liblxc, but not to the given
/// daemons.
///
/// Their common parent is left out: the first daemon makes it and the last one removes it.
pub(super) fn control_groups(root: &Path, foreigners: &BTreeSet<u32>) -> Vec<String> {
    let mut found = Vec::new();
    let mut queue = vec![root.to_owned()];
    while let Some(dir) = queue.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            let path = entry.path();
            let name = entry.file_name();
            let owner = name.to_str().and_then(|name| name.split('-').next());
            let foreign = owner
                .and_then(|owner| owner.parse().ok())
                .is_some_and(|owner| foreigners.contains(&owner));
            let parent = name == "vm-test";
            let text = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            if !foreign && !parent && (text.contains("vm-test") || text.contains("lxc")) {
                found.push(text.into_owned());
            }
            if !foreign {
                queue.push(path);
            }
        }
    }
    found
}

/// Returns the interfaces of this network namespace; `/sys` may show those of another one.
pub(super) fn links() -> Vec<String> {
    let text = fs::read_to_string("/proc/self/net/dev").unwrap_or_default();
    let lines = text.lines().skip(2);
    lines
        .filter_map(|line| Some(line.split_once(':')?.0.trim().to_owned()))
        .collect()
}

/// Returns the named sockets that belong to vm-test or liblxc, or are in the runtime directory.
pub(super) fn sockets(runtime: &Path, processes: &Processes) -> Vec<String> {
    let text = fs::read("/proc/self/net/unix").unwrap_or_default();
    let foreign = processes.foreign_runtimes();
    String::from_utf8_lossy(&text)
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().nth(7))
        .filter(|name| {
            let own = Path::new(name).starts_with(runtime);
            let known = name.contains("vm-test") || name.contains("lxc");
            own || known && !super::files::is_foreign(Path::new(name), runtime, &foreign)
        })
        .map(str::to_owned)
        .collect()
}

/// The commands that show the host's packet filter, without counters.
pub(super) const FILTERS: [&[&str]; 3] = [
    &["nft", "--stateless", "list", "ruleset"],
    &["iptables", "-S"],
    &["iptables", "-t", "nat", "-S"],
];

/// Returns the host's packet filter.
///
/// A host without one of the programs has no rules of that kind that a guest could have changed
/// through it.
pub(super) fn rules() -> Result<Vec<String>, String> {
    let mut rules = Vec::new();
    for words in FILTERS {
        rules.extend(lines_of(words)?.unwrap_or_default());
    }
    Ok(rules)
}

/// Returns what a system command prints, each line with its number; `None` if it is not installed.
pub(super) fn lines_of(words: &[&str]) -> Result<Option<Vec<String>>, String> {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let mut command = Command::new(words[0]);
    command
        .args(&words[1..])
        .env("PATH", path)
        .stdin(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let lines = text.lines().enumerate();
            let lines = lines.map(|(at, line)| format!("{} {at}: {line}", words.join(" ")));
            Ok(Some(lines.collect()))
        }
        Ok(output) => {
            let words = String::from_utf8_lossy(&output.stderr);
            Err(words.lines().next().unwrap_or("no reason").to_owned())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.to_string()),
    }
}

/// Returns loop devices with a file, and all that vm-test made, except those in other daemons'
/// journals and those over a file of another suite.
pub(super) fn loop_devices(blocks: &Path, foreign: BTreeSet<PathBuf>) -> Vec<String> {
    let journalled: BTreeSet<String> = foreign
        .iter()
        .flat_map(|dir| fs::read_dir(dir).into_iter().flatten().flatten())
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            Some(format!("loop{}", name.split_once(".loop-")?.1))
        })
        .collect();
    let entries = fs::read_dir(blocks).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let number: u32 = name.strip_prefix("loop")?.parse().ok()?;
            let file = fs::read_to_string(entry.path().join("loop/backing_file"));
            let suite = file.as_ref().is_ok_and(|file| file.contains("/vmt-"));
            let known = file.is_ok() || number >= OWN_LOOPS;
            let counts = known && !suite && !journalled.contains(&name);
            counts.then(|| format!("{name} over {:?}", file.unwrap_or_default().trim()))
        })
        .collect()
}

/// Returns locks that are held by a process that counts, or that are on a file in the runtime
/// directory.
pub(super) fn locks(runtime: &Path, processes: &Processes) -> Vec<String> {
    let entries = fs::read_dir(runtime).into_iter().flatten().flatten();
    let files: BTreeSet<String> = entries
        .filter_map(|entry| name_in_locks(&entry.path()))
        .collect();
    let text = fs::read_to_string("/proc/locks").unwrap_or_default();
    text.lines()
        .filter(|line| {
            let fields: Vec<_> = line.split_whitespace().collect();
            let holder = fields.get(4).and_then(|pid| pid.parse().ok());
            holder.is_some_and(|pid| processes.counts(pid))
                || fields.get(5).is_some_and(|file| files.contains(*file))
        })
        .filter_map(|line| Some(line.split_once(": ")?.1.to_owned()))
        .collect()
}

/// Returns the settings, and the names of those that this user may not read.
pub(super) fn settings() -> (Vec<String>, Vec<String>) {
    let mut settings = Vec::new();
    let mut closed = Vec::new();
    for name in SETTINGS {
        match fs::read_to_string(Path::new("/proc/sys").join(name)) {
            Ok(value) => settings.push(format!("{name} = {}", value.trim())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => closed.push(format!("{name}: {error}")),
        }
    }
    (settings, closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_groups_of_dead_daemons_and_of_liblxc_are_found_and_others_are_not() {
        let root = tempfile::tempdir().unwrap();
        for dir in [
            "memory/vm-test/12-host-1",
            "memory/vm-test/77-host-1/below",
            "unified/lxc.payload.host-1",
            "memory/user.slice",
        ] {
            fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        let mut found = control_groups(root.path(), &BTreeSet::from([77]));
        found.sort();
        assert_eq!(
            found,
            ["memory/vm-test/12-host-1", "unified/lxc.payload.host-1"]
        );
    }

    #[test]
    fn loop_devices_with_a_file_or_a_number_of_ours_are_found() {
        let root = tempfile::tempdir().unwrap();
        for dir in ["loop0", "loop3/loop", "loop524290", "loop524291", "vda"] {
            fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        fs::write(root.path().join("loop3/loop/backing_file"), "/a\n").unwrap();
        let journal = root.path().join("other");
        fs::create_dir(&journal).unwrap();
        fs::write(journal.join("x.loop-524291"), "").unwrap();
        let mut found = loop_devices(root.path(), BTreeSet::from([journal]));
        found.sort();
        assert_eq!(found, ["loop3 over \"/a\"", "loop524290 over \"\""]);
    }
}
