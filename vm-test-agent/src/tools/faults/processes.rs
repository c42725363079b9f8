//! Processes of this guest by the name of their program or by their number, each with a descriptor,
//! so that no other process can take its place. Never this tool or what it runs for.

use super::super::stop::Stop;
use super::refusal::refused;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::{Duration, Instant};
use vm_test_protocol::node_fault::{MOST_PROCESSES, Obstacle, Which};
use vm_test_sys::process::Process;

/// How much of a program's name the kernel keeps.
const KEPT: usize = 15;

/// How many generations are looked at: those of this tool end at the first process.
const GENERATIONS: usize = 64;

/// A process.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) number: u32,
    handle: OwnedFd,
}

impl Target {
    /// Sends it a signal; one that has ended takes none.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.handle, signal) {
            Err(rustix::io::Errno::SRCH) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Waits for its end; returns whether it came in time.
    pub(super) fn has_ended(&self, until: Instant) -> bool {
        let rest = until.saturating_duration_since(Instant::now());
        let limit = Timespec {
            tv_sec: i64::try_from(rest.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: rest.subsec_nanos().into(),
        };
        poll(
            &mut [PollFd::new(&self.handle, PollFlags::IN)],
            Some(&limit),
        )
        .is_ok_and(|n| n > 0)
    }

    /// Waits until it stands still; returns whether it does.
    pub(super) fn has_stopped(&self, until: Instant) -> bool {
        loop {
            match Process::of(self.number) {
                Some(process) if process.state == 'T' || process.state == 't' => return true,
                Some(process) if !process.is_dead() && Instant::now() < until => {}
                other => return other.is_none_or(|process| process.is_dead()),
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// Returns the processes that are meant.
pub(super) fn find(what: &str, which: &Which) -> Result<Vec<Target>, Stop> {
    let spared = spared();
    let numbers: Vec<u32> = match which {
        Which::Number(number) if spared.contains(number) => {
            let cause = format!("process {number} is of vm-test or of the test itself");
            return Err(Stop::cannot(what, cause));
        }
        Which::Number(number) => vec![*number],
        Which::Named(name) => all()
            .filter(|number| !spared.contains(number) && has_name(*number, name))
            .take(MOST_PROCESSES)
            .collect(),
    };
    let targets: Vec<_> = numbers.into_iter().filter_map(target).collect();
    if targets.is_empty() {
        let cause = match which {
            Which::Named(name) => format!("no process runs a program `{name}`"),
            Which::Number(number) => format!("there is no process {number}"),
        };
        let hint = "name the file of the program, or its first argument's last part";
        return Err(refused(Obstacle::Absent, what, cause, hint));
    }
    Ok(targets)
}

fn target(number: u32) -> Option<Target> {
    let pid = Pid::from_raw(number.try_into().ok()?)?;
    let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
    let is_alive = Process::of(number).is_some_and(|process| !process.is_dead());
    is_alive.then_some(Target { number, handle })
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// Returns this process, its ancestors, and the first one.
fn spared() -> BTreeSet<u32> {
    let mut spared = BTreeSet::from([1]);
    let mut number = std::process::id();
    for _ in 0..GENERATIONS {
        let is_new = spared.insert(number);
        let parent = Process::of(number).and_then(|process| process.parent.try_into().ok());
        match parent {
            Some(parent) if is_new && parent > 0 => number = parent,
            _ => break,
        }
    }
    spared
}

/// Returns whether a process runs a program of this name.
fn has_name(number: u32, name: &str) -> bool {
    let place = Path::new("/proc").join(number.to_string());
    let arguments = fs::read(place.join("cmdline")).unwrap_or_default();
    // Threads of the kernel have none.
    if arguments.is_empty() {
        return false;
    }
    let link = fs::read_link(place.join("exe")).unwrap_or_default();
    let file = link.file_name().unwrap_or_default().to_string_lossy();
    let first = arguments.split(|byte| *byte == 0).next();
    let first = String::from_utf8_lossy(first.unwrap_or_default());
    let kept = Process::of(number).map(|process| process.name);
    is_named(name, &file, &first, kept.as_deref().unwrap_or_default())
}

/// Returns whether a name is that of the program's file, of its first argument, or what the kernel
/// keeps of it.
fn is_named(name: &str, file: &str, first: &str, kept: &str) -> bool {
    let file = file.strip_suffix(" (deleted)").unwrap_or(file);
    // A server may have put its state behind its name, as in "nginx: worker process".
    let word = first.split([' ', ':']).next().unwrap_or_default();
    let last = word.rsplit('/').next().unwrap_or_default();
    let short = name.get(..KEPT).unwrap_or(name);
    [file, last].contains(&name) || kept == short
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_program_has_the_name_of_its_file_of_its_first_argument_and_what_the_kernel_keeps() {
        for (file, first, kept) in [
            ("redis-server", "redis-server *:6379", "redis-server"),
            ("busybox", "/bin/redis-server", "busybox"),
            ("python3.11", "python3", "redis-server"),
            ("redis-server (deleted)", "x", "x"),
        ] {
            assert!(is_named("redis-server", file, first, kept), "{file}");
        }
        assert!(is_named("nginx", "x", "nginx: worker process", "x"));
        assert!(is_named(
            "a-very-long-name-of-it",
            "x",
            "y",
            "a-very-long-nam"
        ));
        assert!(!is_named(
            "redis",
            "redis-server",
            "redis-server *:6379",
            "redis-server"
        ));
        assert!(!is_named("a", "b", "", "c"));
    }

    #[test]
    fn a_process_is_found_by_its_number_and_its_end_is_seen() {
        let mut cat = Command::new("cat");
        let mut child = cat.stdin(Stdio::piped()).spawn().unwrap();
        let found = find("stop it", &Which::Number(child.id())).unwrap();
        assert!(!found[0].has_ended(Instant::now()));
        let until = Instant::now() + Duration::from_secs(60);
        found[0].signal(Signal::STOP).unwrap();
        assert!(found[0].has_stopped(until));
        found[0].signal(Signal::KILL).unwrap();
        assert!(found[0].has_ended(until));
        child.wait().unwrap();
        found[0].signal(Signal::CONT).unwrap();
        assert!(find("stop it", &Which::Number(child.id())).is_err());
    }

    #[test]
    fn what_runs_this_is_never_meant() {
        let own = std::process::id();
        let Err(Stop::Failed(failure)) = find("stop it", &Which::Number(own)) else {
            panic!("it is");
        };
        assert!(failure.message.starts_with("cannot stop it: process "));
        let spared = spared();
        assert!(spared.contains(&own) && spared.contains(&1), "{spared:?}");
    }
}
