//! Switches a VM off as its init would: ends all processes, writes everything to the disk. Where the
//! image has an init of its own, that one does it.

use super::devices::PATH;
use rustix::mount::{MountFlags, mount_remount};
use rustix::process::{Pid, Signal, getpid, kill_process};
use rustix::system::{RebootCommand, reboot};
use std::fs;
use std::io;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long processes may take to end when they are asked to.
const PATIENCE: Duration = Duration::from_secs(3);

/// How often it is checked whether they have.
const TICK: Duration = Duration::from_millis(10);

/// Switches the VM off. Returns only if it cannot, or if an init does it.
pub(super) fn off() -> io::Result<()> {
    if !getpid().is_init() {
        return ask_init();
    }
    signal_all(Signal::TERM);
    let deadline = Instant::now() + PATIENCE;
    while others().next().is_some() && Instant::now() < deadline {
        thread::sleep(TICK);
    }
    signal_all(Signal::KILL);
    rustix::fs::sync();
    // Marks the file system as clean. Something may still have a file of it open for writing, and
    // then the next mount replays its journal.
    let _ = mount_remount("/", MountFlags::RDONLY | MountFlags::NOATIME, c"");
    reboot(RebootCommand::PowerOff)?;
    Ok(())
}

/// Has systemd shut the system down.
fn ask_init() -> io::Result<()> {
    let mut systemctl = Command::new("systemctl");
    systemctl.args(["poweroff", "--no-block"]);
    // The agent reaps it.
    systemctl
        .env_clear()
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .map_err(|error| {
            io::Error::new(error.kind(), format!("cannot start systemctl: {error}"))
        })?;
    Ok(())
}

fn signal_all(signal: Signal) {
    for pid in others() {
        let _ = kill_process(pid, signal);
    }
}

/// Returns all processes but this one. Neither a thread of the kernel nor one that has ended has a
/// command line.
fn others() -> impl Iterator<Item = Pid> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let pid = Pid::from_raw(pid).filter(|pid| *pid != getpid())?;
        let words = fs::read(entry.path().join("cmdline")).ok()?;
        (!words.is_empty()).then_some(pid)
    })
}
