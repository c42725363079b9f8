//! What the bench compares where guests are machines of their own: tests on ones that go on from their templates, and boots
//! of the same kernel and of the same system by the same QEMU. The translator for all, so that the figures are the same kind
//! with and without `/dev/kvm`.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use super::boot::Boot;
use super::contestant::Contestant;
use super::footprint::Footprint;
use super::padding::padded;
use crate::command;
use crate::worktree::Worktree;

/// The images, and the guests of the fixture on machines of them.
const IMAGE: &str = "debian-12";
const GUEST: &str = "machine";
const SYSTEM_IMAGE: &str = "debian-12-systemd";
const SYSTEM_GUEST: &str = "system";

/// How many idle instances more are looked at than one.
const MORE: usize = 3;

/// How long they may take until they are idle.
const SETTLING: Duration = Duration::from_secs(8);

/// How long the machine is left alone after a test on a machine: whatever a daemon does then must not be in the time of a
/// boot that the test is compared with.
const REST: Duration = Duration::from_millis(500);

/// The same directly before a boot: the machine that is prepared for a next test must not compete with it. Where the system
/// boots in every round, that takes longer than such a machine waits, and no test but those in a row finds one; where it
/// boots in few, most tests do, and cost less.
const REST_BEFORE_A_BOOT: Duration = Duration::from_secs(3);

/// How many tests are run one directly after the other, where there is no such rest.
const IN_A_ROW: u32 = 8;

/// A small and a large debug binary, in bytes.
const SMALL: u64 = 5_000_000;
const LARGE: u64 = 150_000_000;

/// A test on a machine costs at most this part of the time that the systemd of its image takes to its login prompt.
const OF_SYSTEM: f64 = 60.0;

/// And of the time that its kernel takes to its first program.
const OF_KERNEL: f64 = 15.0;

/// At most so much more it costs from a large binary than from a small one.
const OF_PAYLOAD: f64 = 0.1;

/// The line of the kernel for a system that boots to its login. Its image has no udev, which would announce the console's
/// device to the login that waits for that; this one does not wait.
const TO_LOGIN: &str =
    "BENCH_ROOT=1 systemd.mask=serial-getty@ttyS0.service systemd.wants=getty@ttyS0.service";

/// What is needed to start machines.
pub(super) struct Machines {
    program: PathBuf,
    runtime: PathBuf,
    store: PathBuf,
    fixture: PathBuf,
    first: PathBuf,
}

impl Machines {
    /// Builds the images, unless they are there.
    pub(super) fn prepare(worktree: &Worktree, program: &Path, scratch: &Path) -> Result<Self> {
        let machines = Self {
            program: program.to_path_buf(),
            runtime: scratch.join("run"),
            store: worktree.target().join("suites-store"),
            fixture: worktree.root.join("tests/fixtures/speed"),
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

    /// All that are compared. `boots` is every how many rounds what takes long has its turn.
    pub(super) fn contestants(&self, binary: &Path, boots: u32) -> Result<Vec<Contestant>> {
        let on = |guest, binary: &Path| self.test(binary, "on_guest", Some(guest));
        let small = padded(binary, "empty-small", SMALL)?;
        let large = padded(binary, "empty-large", LARGE)?;
        let machine = |name, command| Contestant::of_command(name, command).resting(REST);
        let local = |name, binary| Contestant::of_command(name, self.test(binary, "local", None));
        let kernel = self.boot(IMAGE, false)?;
        let system = self.boot(SYSTEM_IMAGE, true)?;
        let row = Contestant::of_commands("machine, in a row", on(GUEST, binary), IN_A_ROW);
        Ok(vec![
            machine("machine", on(GUEST, binary)),
            machine("machine, systemd", on(SYSTEM_GUEST, binary)),
            local("local, 5 MB", &small),
            machine("machine, 5 MB", on(GUEST, &small)),
            local("local, 150 MB", &large),
            machine("machine, 150 MB", on(GUEST, &large)).resting(REST_BEFORE_A_BOOT),
            Contestant::new("kernel boot", move || kernel.run()),
            row.resting(REST_BEFORE_A_BOOT).every(boots),
            Contestant::new("systemd boot", move || system.run()).every(boots),
        ])
    }

    fn adopt<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command
            .current_dir(&self.fixture)
            // cargo has set it to this program's own package.
            .env("CARGO_MANIFEST_DIR", &self.fixture)
            .env("VM_TEST_BIN", &self.program)
            .env("VM_TEST_RUNTIME_DIR", &self.runtime)
            .env("VM_TEST_STORE", &self.store)
            .env(super::IDLE, super::IDLE_SECONDS)
    }

    fn vm_test(&self) -> Command {
        let mut command = Command::new(&self.program);
        self.adopt(&mut command);
        command
    }

    /// One of the empty tests, run the way nextest runs it.
    fn test(&self, binary: &Path, test: &str, guest: Option<&str>) -> Command {
        let mut command = Command::new(binary);
        self.adopt(&mut command)
            .args(["--exact", test, "--nocapture"])
            .envs(guest.map(|guest| ("VM_TEST_GUEST", guest)));
        command
    }

    /// A boot of an image's kernel to its first program, or to its system's login prompt.
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

    /// What one more instance that does nothing takes of the host's memory, and on its disk.
    pub(super) fn print_footprint(&self) -> Result<()> {
        let mut idle = Idle(Vec::new());
        let one = self.footprint(&mut idle, 1)?;
        let all = self.footprint(&mut idle, MORE)?;
        let (memory, disk) = all
            .each_since(one)
            .context("cannot find the idle instances")?;
        println!(
            "\nan idle instance takes {} MiB of memory (PSS) if it is the only one; each of {} more takes {} MiB, and {disk} KiB of disk, which is memory, too",
            one.memory / 1024,
            all.instances - one.instances,
            memory / 1024
        );
        Ok(())
    }

    fn footprint(&self, idle: &mut Idle, more: usize) -> Result<Footprint> {
        for _ in 0..more {
            let mut run = self.vm_test();
            run.args(["run", GUEST, "--", "sleep", "60"])
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            idle.0.push(run.spawn()?);
        }
        thread::sleep(SETTLING);
        Footprint::of(&command::capture(self.vm_test().args(["ps", "--json"]))?)
    }
}

/// Instances that do nothing and end with this.
struct Idle(Vec<Child>);

impl Drop for Idle {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Says how the medians compare, and whether all goals are met; `median` knows them by name.
pub(super) fn judge(median: impl Fn(&str) -> Option<f64>) -> bool {
    let costs = |guest: &str, local: &str| Some(median(guest)? - median(local)?);
    let mut all_met = true;
    let mut part = |what: &str, costs: Option<f64>, boot: Option<f64>, goal: Option<f64>| {
        let Some((costs, boot)) = costs.zip(boot) else {
            all_met = false;
            return;
        };
        let ratio = boot / costs;
        let is_met = goal.is_none_or(|goal| ratio >= goal);
        all_met &= is_met;
        let goal = goal.map_or(String::new(), |goal| {
            format!(" (goal 1/{goal}: {})", word(is_met))
        });
        println!(
            "{what} costs {:.2} ms over a local one, 1/{ratio:.1} of that boot{goal}",
            costs * 1e3
        );
    };
    println!();
    let kernel = median("kernel boot");
    let system = median("systemd boot");
    let machine = costs("machine", "local");
    part(
        "a test on a machine, beside a boot of its kernel,",
        machine,
        kernel,
        Some(OF_KERNEL),
    );
    let booted = costs("machine, systemd", "local");
    part(
        "a test on a machine with systemd, beside a boot to its login,",
        booted,
        system,
        Some(OF_SYSTEM),
    );
    let row = costs("machine, in a row", "local");
    part(
        "each of several in a row, beside a boot of its kernel,",
        row,
        kernel,
        // Without a goal: such a test waits for what others have the processors do.
        None,
    );
    let small = costs("machine, 5 MB", "local, 5 MB");
    let large = costs("machine, 150 MB", "local, 150 MB");
    let Some((small, large)) = small.zip(large) else {
        return false;
    };
    let more = large / small - 1.0;
    let is_met = more <= OF_PAYLOAD;
    println!(
        "from a debug binary of 150 MB it costs {:.2} ms, from one of 5 MB {:.2} ms: {:+.1} % (goal: at most {} % more: {})",
        large * 1e3,
        small * 1e3,
        more * 100.0,
        OF_PAYLOAD * 100.0,
        word(is_met)
    );
    all_met && is_met
}

fn word(is_met: bool) -> &'static str {
    match is_met {
        true => "met",
        false => "missed",
    }
}
