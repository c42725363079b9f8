//! The image's device manager, udev: where it is installed, it runs as on a booted system, which names devices, sets their
//! owners, and loads their drivers. It knows no rules; those are the image's own.

use super::devices::PATH;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// Where the daemon is: systemd's own, and the one of distributions without systemd.
const DAEMONS: [&str; 3] = [
    "/usr/lib/systemd/systemd-udevd",
    "/lib/systemd/systemd-udevd",
    "/sbin/udevd",
];

/// Where the control groups are, and the one in which it runs: it ends whatever else it finds there.
const GROUPS: &str = "/sys/fs/cgroup";
const GROUP: &str = "udev.service";

/// What announces the devices that are there already, and waits until all have been handled.
const ANNOUNCE: [&[&str]; 3] = [
    &["trigger", "--type=subsystems", "--action=add"],
    &["trigger", "--type=devices", "--action=add"],
    &["settle", "--timeout=30"],
];

/// Starts it, if the image has it. What it cannot do is a test's business.
pub(super) fn start() {
    if let Some(daemon) = DAEMONS.iter().find(|daemon| Path::new(daemon).exists()) {
        let _ = try_to_start(daemon);
    }
}

fn try_to_start(daemon: &str) -> io::Result<()> {
    let groups = Path::new(GROUPS);
    let own = groups.join(GROUP);
    fs::create_dir(&own)?;
    // It reads at its start in which group it is, and has left this process when that returns.
    enter(&own)?;
    let started = run(daemon, &["--daemon"]);
    enter(groups)?;
    started?;
    ANNOUNCE.iter().try_for_each(|what| run("udevadm", what))
}

fn enter(group: &Path) -> io::Result<()> {
    fs::write(group.join("cgroup.procs"), "0")
}

fn run(program: &str, arguments: &[&str]) -> io::Result<()> {
    let status = Command::new(program)
        .args(arguments)
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{program}: {status}"))),
    }
}
