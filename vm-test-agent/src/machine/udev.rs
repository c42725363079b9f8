//! The image's device manager, udev: where it is installed, it runs as on a booted system, which
//! names devices, sets their owners, and loads their drivers. It knows no rules; those are the
//! image's own.

use super::devices::PATH;
use std::fs;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// The daemon's paths: systemd's, and that of distributions without systemd.
const DAEMONS: [&str; 3] = [
    "/usr/lib/systemd/systemd-udevd",
    "/lib/systemd/systemd-udevd",
    "/sbin/udevd",
];

/// Where control groups are mounted, and the group in which udev runs: it kills everything else
/// that it finds in its group.
const GROUPS: &str = "/sys/fs/cgroup";
const GROUP: &str = "udev.service";

/// Announces the devices that exist already, and waits until all have been handled.
const ANNOUNCE: [&[&str]; 3] = [
    &["trigger", "--type=subsystems", "--action=add"],
    &["trigger", "--type=devices", "--action=add"],
    &["settle", "--timeout=30"],
];

/// Starts udev if the image has it. Failures are left to the tests that notice them.
pub(super) fn start() {
    if let Some(daemon) = DAEMONS.iter().find(|daemon| Path::new(daemon).exists()) {
        let _ = try_to_start(daemon);
    }
}

fn try_to_start(daemon: &str) -> io::Result<()> {
    let groups = Path::new(GROUPS);
    let own = groups.join(GROUP);
    fs::create_dir(&own)?;
    // It reads its group when it starts, and has forked off from this process when that returns.
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
    if status.success() {
        Ok(())
    } else {
        Err(io::Error::other(format!("{program}: {status}")))
    }
}
