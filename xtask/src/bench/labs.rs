//! What the bench compares for labs: four VMs from their lab template and from a lab that was
//! prepared ahead, beside one VM and beside their boots; eight containers on one network that reach
//! each other, beside two programs that make such networks. VMs are emulated, so that the figures
//! are comparable with and without `/dev/kvm`.

use std::path::Path;
use std::process::Command;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};

use super::contestant::{Contestant, run, silence, time_of};
use super::daemon::Daemon;
use super::fixture::Fixture;
use super::lab_goals::{BOOT, EIGHT, FOUR, FOUR_READY, ONE, ONE_READY, RUN};
use crate::command;
use crate::worktree::Worktree;

/// The image, and the fixture's guest on VMs of it.
const IMAGE: &str = "debian-12";
const GUEST: &str = "machine";

/// How often a lab is used until its VMs are saved, and how long that may take each time.
const USES: u32 = 3;
const SAVING: Duration = Duration::from_secs(4);

/// How long the host is left alone after a sample, so that the daemon's work does not count as the
/// next contestant's time.
const REST: Duration = Duration::from_millis(500);

/// The least memory of a VM that boots, in KiB, and how many sizes from there on are used, in steps
/// that QEMU does not round: each size is another VM, which boots.
const LEAST: u128 = 384 << 10;
const STEP: u128 = 8;
const SIZES: u128 = 1 << 14;

/// What the program says when a VM boots.
const BOOTS: &str = "boots for the first time";

/// What is needed to start labs.
#[derive(Clone)]
pub(super) struct Labs {
    /// Each kind of sample has its own daemon, so that it is known whose spare is ready, and none
    /// waits for another.
    restoring: Rc<Daemon>,
    ready: Rc<Daemon>,
    ready_labs: Rc<Daemon>,
    containers: Rc<Daemon>,
    fixture: Fixture,
}

impl Labs {
    /// Builds the image, unless it exists.
    pub(super) fn prepare(worktree: &Worktree, program: &Path, scratch: &Path) -> Result<Self> {
        let labs = Self {
            restoring: Daemon::without_spares(program, scratch, "restoring"),
            ready: Daemon::new(program, scratch, "ready"),
            ready_labs: Daemon::new(program, scratch, "ready-labs"),
            containers: Daemon::new(program, scratch, "containers"),
            fixture: Fixture::of(worktree),
        };
        let mut build = labs.restoring.vm_test();
        command::run(
            labs.fixture
                .adopt(&mut build)
                .args(["image", "build", IMAGE]),
        )?;
        Ok(labs)
    }

    /// Returns everything of ours that is compared: `one` has the tests on one guest, `labs` those
    /// on labs.
    pub(super) fn contestants(&self, one: &Path, labs: &Path) -> Result<Vec<Contestant>> {
        let four = || self.test(&self.restoring, labs, "four_vms");
        for _ in 0..USES {
            run(silenced(&mut four()))?;
            thread::sleep(SAVING);
        }
        let on_vm = |daemon| {
            let mut test = self.test(daemon, one, "on_guest");
            test.env("VM_TEST_GUEST", GUEST);
            test
        };
        let four_ready = self.test(&self.ready_labs, labs, "four_vms");
        let eight = self.test(&self.containers, labs, "eight_containers_reach_each_other");
        let mut again = self.restoring.vm_test();
        self.fixture
            .adopt(&mut again)
            .args(["run", GUEST, "--", "true"]);
        Ok(vec![
            Contestant::new(BOOT, self.boot()).resting(REST),
            Contestant::of_command(RUN, again).resting(REST),
            Contestant::of_command(ONE, on_vm(&self.restoring)).resting(REST),
            Contestant::of_command(FOUR, four()).resting(REST),
            at_once(ONE_READY, &self.ready, on_vm(&self.ready)),
            at_once(FOUR_READY, &self.ready_labs, four_ready),
            Contestant::of_command(EIGHT, eight).resting(REST),
        ])
    }

    /// Returns the command for a test, as nextest runs it.
    fn test(&self, daemon: &Daemon, binary: &Path, test: &str) -> Command {
        let mut command = Command::new(binary);
        self.fixture
            .adopt(daemon.adopt(&mut command))
            .args(["--exact", test, "--nocapture"]);
        command
    }

    /// Returns a sample of a VM that boots, is saved, restored, and runs a command: its size of
    /// memory is one that no VM had before.
    fn boot(&self) -> impl FnMut() -> Result<Duration> + 'static {
        let labs = self.clone();
        move || {
            let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros();
            let memory = format!("{}K", LEAST + STEP * (now % SIZES));
            let mut run = labs.restoring.vm_test();
            labs.fixture
                .adopt(&mut run)
                .args(["run", "--memory", &memory, GUEST, "--", "true"]);
            let began = Instant::now();
            let output = run.output()?;
            let took = began.elapsed();
            let said = String::from_utf8_lossy(&output.stderr);
            if !output.status.success() || !said.contains(BOOTS) {
                bail!("cannot measure a boot with {memory} of memory: {said}");
            }
            Ok(took)
        }
    }
}

fn silenced(command: &mut Command) -> &mut Command {
    silence(command);
    command
}

/// Returns a test whose VM or lab is ready, as for all tests of a run but the first, if tests leave
/// time for that.
///
/// A test before it, which is not measured, makes the daemon prepare it.
fn at_once(name: &'static str, daemon: &Rc<Daemon>, mut command: Command) -> Contestant {
    silence(&mut command);
    let daemon = Rc::clone(daemon);
    let sample = move || {
        run(&mut command)?;
        daemon.await_spare()?;
        let time = time_of(&mut command)?;
        // So that preparing the next one does not disturb what is measured next.
        daemon.await_spare()?;
        Ok(time)
    };
    Contestant::new(name, sample).resting(REST)
}
