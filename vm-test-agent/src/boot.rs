//! A guest whose first process is the image's own init: the first process starts the agent beside
//! itself and becomes the init; the agent waits until the init has brought the guest up. Knows
//! systemd; starts no job.

use super::loader;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use vm_test_protocol::{AGENT_PATH, LIBRARIES};
use vm_test_sys::{inherited, session};

/// The image's own init.
const INIT: &str = "/sbin/init";

/// Exists once the guest has booted.
const BOOTED: &str = "/run/vm-test/booted";

/// Units that manage the host's kernel, which a container must not.
///
/// They would fail. Units of these names that an image or a test puts into /etc/systemd are started
/// anyway.
const NOT_OURS: [&str; 4] = [
    "dev-hugepages.mount",
    "sys-kernel-config.mount",
    "sys-kernel-debug.mount",
    "sys-kernel-tracing.mount",
];

/// The login on the console, which nobody sees in a VM: it would wait for a device that only udev
/// announces.
const CONSOLE_LOGIN: &str = "serial-getty@ttyS0.service";

/// Where units are masked for this boot only.
const UNITS: &str = "/run/systemd/system";

/// Where systemd listens to root, as soon as it can answer.
const PRIVATE_SOCKET: &str = "/run/systemd/private";

/// How often the socket is looked for.
const TICK: Duration = Duration::from_millis(5);

/// How long systemd may take to answer a question at once.
const ANSWER: Duration = Duration::from_secs(2);

/// Where systemd and its programs look for programs.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Becomes the init, with the agent beside it. Returns only if this fails.
pub(super) fn become_init(stream: &OwnedFd) -> io::Error {
    // The agent needs the stream, and the init must not hold it open.
    let ready = prepare(&NOT_OURS)
        .and_then(|()| start_agent(words_of_this_process()?))
        .and_then(|()| inherited::set_inheritable(stream, false));
    match ready {
        Ok(()) => execute("lxc"),
        Err(error) => error,
    }
}

/// Becomes the image's own init in a VM, with the agent beside it. Returns only if this fails.
pub(super) fn become_init_of_machine() -> io::Error {
    let agent = || OsString::from(AGENT_PATH);
    let words = match loader::brought_loader() {
        Some(loader) => vec![
            loader.into_os_string(),
            "--library-path".into(),
            LIBRARIES.into(),
            agent(),
        ],
        None => vec![agent()],
    };
    match prepare(&[CONSOLE_LOGIN]).and_then(|()| start_agent(words)) {
        Ok(()) => execute(""),
        Err(error) => error,
    }
}

/// Executes the init.
///
/// `container` is the value of the variable by which an init recognises a container; empty in a VM.
fn execute(container: &str) -> io::Error {
    let mut init = Command::new(INIT);
    init.env_clear().env("PATH", PATH);
    if !container.is_empty() {
        init.env("container", container);
    }
    let error = init.exec();
    io::Error::new(error.kind(), format!("cannot execute {INIT}: {error}"))
}

fn prepare(hidden: &[&str]) -> io::Result<()> {
    // The guest has been rebooted: part of what the test did would be gone.
    match File::create_new(BOOTED) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            let words = "the guest was rebooted, and an instance boots only once";
            return Err(io::Error::other(words));
        }
        marked => marked.map_err(cannot("mark the boot"))?,
    };
    // An init sets the host name that it finds in this file, and the image has another one.
    let name = rustix::system::uname().nodename().to_bytes().to_vec();
    fs::write("/etc/hostname", [&name[..], b"\n"].concat()).map_err(cannot("set the host name"))?;
    fs::create_dir_all(UNITS).map_err(cannot("hide units"))?;
    for unit in hidden {
        symlink("/dev/null", Path::new(UNITS).join(unit)).map_err(cannot("hide units"))?;
    }
    Ok(())
}

/// Returns the command line of this process, which may be that of a loader.
fn words_of_this_process() -> io::Result<Vec<OsString>> {
    let words = fs::read("/proc/self/cmdline").map_err(cannot("start the agent"))?;
    Ok(words
        .strip_suffix(b"\0")
        .unwrap_or(&words)
        .split(|&byte| byte == 0)
        .map(|word| OsStr::from_bytes(word).to_owned())
        .collect())
}

fn start_agent(words: Vec<OsString>) -> io::Result<()> {
    let mut words = words.into_iter();
    let mut agent = Command::new(words.next().unwrap_or_default());
    agent.args(words).stdin(Stdio::null()).stdout(Stdio::null());
    // The init makes the console the terminal of its own session.
    session::own_session(&mut agent);
    agent.spawn().map_err(cannot("start the agent"))?;
    Ok(())
}

fn cannot(what: &'static str) -> impl Fn(io::Error) -> io::Error {
    move |error| io::Error::new(error.kind(), format!("cannot {what}: {error}"))
}

/// Waits until the init reports that the guest is up; returns what it could not start, for people.
///
/// # Errors
/// Why the guest is not up.
pub(super) fn await_up(limit: Duration) -> Result<Option<String>, String> {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        let state = if Path::new(PRIVATE_SOCKET).exists() {
            ask(&["is-system-running", "--wait"], deadline)
        } else {
            String::new()
        };
        match state.trim() {
            "running" => return Ok(None),
            "degraded" => {
                return Ok(Some(format!(
                    "is up, but these units have failed: {}",
                    failed_units()
                )));
            }
            "maintenance" => {
                return Err(format!(
                    "its init stopped for maintenance; failed units: {}",
                    failed_units()
                ));
            }
            "stopping" => return Err("its init shuts the guest down".to_owned()),
            // It does not listen yet, or has not started.
            _ => std::thread::sleep(TICK),
        }
    }
    Err(too_late(limit))
}

fn too_late(limit: Duration) -> String {
    let begin = format!("it was not up within {limit:?}");
    if !Path::new(PRIVATE_SOCKET).exists() {
        return format!("{begin}: its init did not begin, or is not systemd");
    }
    let now = || Instant::now() + ANSWER;
    let state = ask(&["is-system-running"], now());
    let jobs = ask(
        &["list-jobs", "--plain", "--no-legend", "--no-pager"],
        now(),
    );
    format!("{begin}: {}", standing(&state, &jobs, &failed_units()))
}

/// Describes how far a boot is, from what systemctl answered, if it did in time.
fn standing(state: &str, jobs: &str, failed: &str) -> String {
    let waits: Vec<_> = jobs
        .lines()
        .filter(|line| line.trim_end().ends_with(" running"))
        .filter_map(|line| line.split_whitespace().nth(1))
        .collect();
    let state = match state.trim() {
        "" => format!("its init did not answer within {ANSWER:?}"),
        state => format!("it is {state}"),
    };
    let waits = or_none(&waits);
    format!("{state}, and waits for: {waits}; failed units: {failed}")
}

fn failed_units() -> String {
    let words = [
        "list-units",
        "--failed",
        "--plain",
        "--no-legend",
        "--no-pager",
    ];
    let list = ask(&words, Instant::now() + ANSWER);
    let units: Vec<_> = list
        .lines()
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    or_none(&units)
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// Returns what systemctl answers before the deadline, or nothing.
fn ask(words: &[&str], deadline: Instant) -> String {
    let child = Command::new("systemctl")
        .args(words)
        .env_clear()
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn();
    let Ok(mut child) = child else {
        return String::new();
    };
    if !ends(Pid::from_child(&child), deadline) {
        let _ = child.kill();
    }
    let _ = child.wait();
    let mut text = String::new();
    if let Some(mut stdout) = child.stdout.take() {
        let _ = stdout.read_to_string(&mut text);
    }
    text
}

/// Returns whether a process ends before the deadline.
fn ends(pid: Pid, deadline: Instant) -> bool {
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let left = Timespec {
            tv_sec: i64::try_from(left.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: left.subsec_nanos().into(),
        };
        match poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&left)) {
            Err(rustix::io::Errno::INTR) => {}
            count => return count.is_ok_and(|count| count > 0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_a_boot_is_names_the_state_the_jobs_and_the_failed_units() {
        let jobs = "57 endless.service start running\n61 late.service  start waiting\n";
        assert_eq!(
            standing("starting\n", jobs, "wrong.service"),
            "it is starting, and waits for: endless.service; failed units: wrong.service"
        );
        assert_eq!(
            standing("", "", "none"),
            "its init did not answer within 2s, and waits for: none; failed units: none"
        );
    }
}
