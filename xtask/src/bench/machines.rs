//! What the bench compares for VMs: tests on VMs that were ready, tests whose VMs were restored on
//! demand, and boots of the same kernel and of the same system by the same QEMU. All are emulated,
//! so that the figures are comparable with and without `/dev/kvm`.

mod in_rows;
mod memory;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::boot::Boot;
use super::contestant::{Contestant, run, silence, time_of};
use super::daemon::Daemon;
use super::fixture::Fixture;
use super::goals;
use super::padding::padded;
use crate::command;
use crate::worktree::Worktree;

/// The images, and the fixture's guests on VMs of them.
pub(super) const IMAGE: &str = "debian-12";
pub(super) const GUEST: &str = "machine";
const SYSTEM_IMAGE: &str = "debian-12-systemd";
const SYSTEM_GUEST: &str = "system";

/// How long the host is left alone after a test on a VM, so that the daemon's work does not count
/// as the next contestant's time.
const REST: Duration = Duration::from_millis(500);

/// The sizes of a small and of a large debug binary, in bytes.
const SMALL: u64 = 5_000_000;
const LARGE: u64 = 150_000_000;

/// The kernel's command line for a system that boots to its login.
///
/// The image has no udev, which would announce the console's device to the usual login; this one
/// does not wait for it.
const TO_LOGIN: &str =
    "BENCH_ROOT=1 systemd.mask=serial-getty@ttyS0.service systemd.wants=getty@ttyS0.service";

/// What is needed to start VMs.
pub(super) struct Machines {
    /// The daemon of tests for which a VM is ready. Each guest has its own daemon, so that it is
    /// known whose spare is ready.
    ready: Rc<Daemon>,
    ready_system: Rc<Daemon>,
    /// The daemon of tests whose VMs are restored on demand.
    restoring: Rc<Daemon>,
    fixture: Fixture,
    first: PathBuf,
}

impl Machines {
    /// Builds the images, unless they exist.
    pub(super) fn prepare(worktree: &Worktree, program: &Path, scratch: &Path) -> Result<Self> {
        let machines = Self {
            ready: Daemon::new(program, scratch, "ready"),
            ready_system: Daemon::new(program, scratch, "ready-system"),
            restoring: Daemon::without_spares(program, scratch, "restoring"),
            fixture: Fixture::of(worktree),
            first: scratch.join("first"),
        };
        for image in [IMAGE, SYSTEM_IMAGE] {
            command::run(machines.vm_test().args(["image", "build", image]))?;
        }
        let mut gcc = Command::new("gcc");
        gcc.args(["-static", "-O1", "-o"])
            .arg(&machines.first)
            .arg(worktree.root.join("xtask/src/bench/first.c"));
        command::run(&mut gcc)?;
        Ok(machines)
    }

    /// Returns everything that is compared. `boots` is the number of rounds between samples of slow
    /// contestants.
    pub(super) fn contestants(&self, binary: &Path, boots: u32) -> Result<Vec<Contestant>> {
        let small = padded(binary, "empty-small", SMALL)?;
        let large = padded(binary, "empty-large", LARGE)?;
        let local = |name, binary| Contestant::of_command(name, self.test(binary, "local"));
        let restored = |name, guest, binary: &Path| {
            let command = self.test_on(&self.restoring, guest, binary);
            Contestant::of_command(name, command).resting(REST)
        };
        let kernel = self.boot(IMAGE, false)?;
        let system = self.boot(SYSTEM_IMAGE, true)?;
        Ok(vec![
            self.at_once("machine, ready", &self.ready, GUEST, binary),
            self.at_once("systemd, ready", &self.ready_system, SYSTEM_GUEST, binary),
            restored("machine, restored", GUEST, binary),
            restored("systemd, restored", SYSTEM_GUEST, binary),
            local("local, 5 MB", &small),
            restored("restored, 5 MB", GUEST, &small),
            local("local, 150 MB", &large),
            restored("restored, 150 MB", GUEST, &large),
            Contestant::new(goals::BOOT, move || kernel.run()),
            Contestant::new("systemd boot", move || system.run()).every(boots),
        ])
    }

    /// Returns a test for which a VM is ready, as it is for all tests of a run but the first, if
    /// tests leave time for that.
    ///
    /// A test before it, which is not measured, makes the daemon prepare the VM.
    fn at_once(
        &self,
        name: &'static str,
        daemon: &Rc<Daemon>,
        guest: &str,
        binary: &Path,
    ) -> Contestant {
        let mut command = self.test_on(daemon, guest, binary);
        silence(&mut command);
        let daemon = Rc::clone(daemon);
        let sample = move || {
            run(&mut command)?;
            daemon.await_spare()?;
            let time = time_of(&mut command)?;
            // So that preparing the next spare does not disturb what is measured next.
            daemon.await_spare()?;
            Ok(time)
        };
        Contestant::new(name, sample).resting(REST)
    }

    fn vm_test(&self) -> Command {
        let mut command = self.ready.vm_test();
        self.fixture.adopt(&mut command);
        command
    }

    /// Returns the command for an empty test, as nextest runs it.
    fn test(&self, binary: &Path, test: &str) -> Command {
        let mut command = Command::new(binary);
        self.fixture
            .adopt(&mut command)
            .args(["--exact", test, "--nocapture"]);
        command
    }

    /// Returns the command for the test on a guest.
    fn test_on(&self, daemon: &Daemon, guest: &str, binary: &Path) -> Command {
        let mut command = self.test(binary, "on_guest");
        daemon.adopt(&mut command).env("VM_TEST_GUEST", guest);
        command
    }

    /// Returns a boot of an image's kernel, to its first program or to its system's login prompt.
    fn boot(&self, image: &str, system: bool) -> Result<Boot> {
        let mut files = self.vm_test();
        files.args(["image", "machine", image, "--init"]);
        let files = command::capture(files.arg(&self.first))?;
        let path = |name: &str| {
            let line = files.lines().find_map(|line| line.strip_prefix(name));
            line.map(|line| PathBuf::from(line.trim()))
                .with_context(|| format!("cannot find {name} of image {image}"))
        };
        Ok(Boot {
            kernel: path("vmlinuz ")?,
            initramfs: path("initramfs ")?,
            disk: system.then(|| path("root ")).transpose()?,
            words: if system { TO_LOGIN } else { "" },
            awaited: if system { "login:" } else { "first program" },
        })
    }
}
