//! Reports what a job's processes are doing, to explain why the job did not end. Reads `/proc`;
//! stops and ends nothing.

use rustix::process::Pid;
use std::collections::BTreeMap;
use std::fs;
use std::time::{Duration, Instant};
use vm_test_sys::process::Process;

/// How many threads are listed.
const MOST: usize = 24;

/// How many processes are examined, and for how long.
///
/// The job lives on meanwhile, and may be one that takes every resource it can get.
const MOST_PROCESSES: usize = 512;
const PATIENCE: Duration = Duration::from_secs(1);

/// How many characters of a command line are shown.
const LONGEST: usize = 80;

/// How many kernel functions are named for a blocked thread.
const DEPTH: usize = 6;

/// System calls that threads wait in, and whether their first argument is a descriptor.
const CALLS: [(i64, &str, bool); 29] = [
    (libc::SYS_read, "read", true),
    (libc::SYS_write, "write", true),
    (libc::SYS_readv, "readv", true),
    (libc::SYS_writev, "writev", true),
    (libc::SYS_recvfrom, "recvfrom", true),
    (libc::SYS_recvmsg, "recvmsg", true),
    (libc::SYS_sendto, "sendto", true),
    (libc::SYS_sendmsg, "sendmsg", true),
    (libc::SYS_accept, "accept", true),
    (libc::SYS_accept4, "accept4", true),
    (libc::SYS_connect, "connect", true),
    (libc::SYS_ioctl, "ioctl", true),
    (libc::SYS_fcntl, "fcntl", true),
    (libc::SYS_fsync, "fsync", true),
    (libc::SYS_flock, "flock", true),
    (libc::SYS_epoll_pwait, "epoll_pwait", true),
    (libc::SYS_ppoll, "ppoll", false),
    (libc::SYS_pselect6, "pselect6", false),
    (libc::SYS_futex, "futex", false),
    (libc::SYS_nanosleep, "nanosleep", false),
    (libc::SYS_clock_nanosleep, "clock_nanosleep", false),
    (libc::SYS_wait4, "wait4", false),
    (libc::SYS_waitid, "waitid", false),
    (libc::SYS_rt_sigtimedwait, "rt_sigtimedwait", false),
    (libc::SYS_rt_sigsuspend, "rt_sigsuspend", false),
    (libc::SYS_openat, "openat", false),
    (libc::SYS_mount, "mount", false),
    (libc::SYS_umount2, "umount2", false),
    (libc::SYS_restart_syscall, "restart_syscall", false),
];

/// System calls that newer architectures no longer have.
#[cfg(target_arch = "x86_64")]
const OLD_CALLS: [(i64, &str, bool); 4] = [
    (libc::SYS_poll, "poll", false),
    (libc::SYS_select, "select", false),
    (libc::SYS_epoll_wait, "epoll_wait", true),
    (libc::SYS_pause, "pause", false),
];
#[cfg(not(target_arch = "x86_64"))]
const OLD_CALLS: [(i64, &str, bool); 0] = [];

/// Describes what the threads of a process and of its descendants are doing, one line each, and
/// then what else is blocked.
pub(super) fn of(pid: Pid) -> Vec<String> {
    let limit = Instant::now() + PATIENCE;
    let root = pid.as_raw_nonzero().get();
    // The job's own threads come first, however long it takes to find the others.
    let mut lines: Vec<_> = threads(root)
        .into_iter()
        .map(|thread| describe(root, thread, None))
        .collect();
    let processes = all(limit);
    let mut family = vec![root];
    let mut next = 0;
    while let Some(&id) = family.get(next)
        && lines.len() <= MOST
        && Instant::now() < limit
    {
        next += 1;
        if id != root {
            let words = command_line(id);
            let each = threads(id).into_iter();
            lines.extend(each.map(|thread| describe(id, thread, Some(&words))));
        }
        let children = processes.iter().filter(|(_, it)| it.parent == id);
        family.extend(children.map(|(id, _)| *id));
    }
    let others = processes
        .iter()
        .filter(|(id, it)| it.state == 'D' && !family.contains(id));
    lines.extend(others.map(|(&id, _)| describe(id, id, Some(&command_line(id)))));
    if lines.len() > MOST {
        lines.truncate(MOST);
        lines.push("and more".to_owned());
    }
    lines
}

/// Returns all processes, by their ids.
fn all(limit: Instant) -> BTreeMap<i32, Process> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .take(MOST_PROCESSES)
        .take_while(|_| Instant::now() < limit)
        .filter_map(|id: i32| Some((id, Process::of(id)?)))
        .collect()
}

fn threads(process: i32) -> Vec<i32> {
    let entries = fs::read_dir(format!("/proc/{process}/task"));
    let mut threads: Vec<_> = entries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .take(MOST + 1)
        .collect();
    threads.sort_unstable();
    threads
}

fn command_line(process: i32) -> String {
    let bytes = fs::read(format!("/proc/{process}/cmdline")).unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).replace('\0', " ");
    text.trim_end().chars().take(LONGEST).collect()
}

/// Describes a thread: by its name if it is the job's own, by its command line if it is another
/// process's.
fn describe(process: i32, thread: i32, words: Option<&str>) -> String {
    let place = format!("/proc/{process}/task/{thread}");
    let Some(it) = Process::of_thread(process, thread) else {
        return format!("thread {thread} has just ended");
    };
    let who = match words {
        Some(words) if !words.is_empty() => format!("process {thread} `{words}`"),
        Some(_) => format!("process {thread} ({})", it.name),
        None => format!("thread {thread} ({})", it.name),
    };
    let state = match it.state {
        'R' => "runs",
        'S' => "waits",
        'D' => "is blocked in the kernel",
        'T' | 't' => "is stopped",
        'Z' => "is a zombie (not reaped by its parent)",
        _ => "is in an unknown state",
    };
    let text = fs::read_to_string(format!("{place}/syscall")).unwrap_or_default();
    let call = call(process, &text).map_or(String::new(), |call| format!(" in {call}"));
    let within = match it.state {
        'S' | 'D' => kernel_function(&place),
        _ => String::new(),
    };
    let line = format!("{who} {state}{call}{within}");
    // A process chooses its own name and command line.
    line.replace(char::is_control, " ")
}

/// Returns the system call that a thread is in, if it can be read.
fn call(process: i32, text: &str) -> Option<String> {
    let mut fields = text.split_whitespace();
    let number: i64 = fields.next()?.parse().ok().filter(|number| *number >= 0)?;
    let known = CALLS
        .iter()
        .chain(&OLD_CALLS)
        .find(|(known, ..)| *known == number);
    let Some((_, name, has_descriptor)) = known else {
        return Some(format!("system call {number}"));
    };
    if !has_descriptor {
        return Some((*name).to_owned());
    }
    let argument = fields.next()?.trim_start_matches("0x");
    let descriptor = u64::from_str_radix(argument, 16).ok()?;
    let what = fs::read_link(format!("/proc/{process}/fd/{descriptor}"));
    let what = what.map_or(String::new(), |what| format!(", {}", what.display()));
    Some(format!("{name} of descriptor {descriptor}{what}"))
}

/// Returns where in the kernel a thread is, as far as root in this guest may know.
fn kernel_function(place: &str) -> String {
    let stack = fs::read_to_string(format!("{place}/stack")).unwrap_or_default();
    let frames: Vec<_> = stack
        .lines()
        .filter_map(|line| line.split_whitespace().nth(1)?.split('+').next())
        .take(DEPTH)
        .collect();
    if !frames.is_empty() {
        return format!(" ({})", frames.join(" < "));
    }
    let name = fs::read_to_string(format!("{place}/wchan")).unwrap_or_default();
    match name.as_str() {
        "" | "0" => String::new(),
        name => format!(" ({name})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_thread_that_waits_is_told_of_with_what_it_waits_for() {
        let (mut reader, writer) = rustix::pipe::pipe()
            .map(|(reader, writer)| (fs::File::from(reader), writer))
            .unwrap();
        let number = reader.as_raw_fd();
        let thread = std::thread::Builder::new().name("a reader".to_owned());
        let thread = thread
            .spawn(move || reader.read(&mut [0]).unwrap())
            .unwrap();
        let expected = format!("(a reader) waits in read of descriptor {number}, pipe:[");
        let limit = std::time::Instant::now() + std::time::Duration::from_secs(10);
        loop {
            let lines = of(rustix::process::getpid());
            if lines.iter().any(|line| line.contains(&expected)) {
                break;
            }
            assert!(
                std::time::Instant::now() < limit,
                "{expected} in {lines:#?}"
            );
        }
        drop(writer);
        assert_eq!(thread.join().unwrap(), 0);
    }

    #[test]
    fn what_is_not_in_a_system_call_is_in_none() {
        for text in ["", "running", "-1 0x7f 0x55"] {
            assert_eq!(call(1, text), None, "{text}");
        }
        assert_eq!(call(1, "99999 0x0").unwrap(), "system call 99999");
    }
}
