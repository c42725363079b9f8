//! `cargo xtask bench`: what a test on a guest costs, beside the same test local and beside `lxc-execute`, in one run.
//!
//! Samples of all are interleaved, so that whatever else the machine does falls on all of them alike; only ratios
//! are meant to be compared between machines.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;
use crate::machines::Machines;
use crate::packages::Purpose;
use crate::setup;
use crate::worktree::Worktree;

/// More than this many times `lxc-execute`, and something is in the wrong place.
const CEILING: f64 = 3.0;

/// The options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    setup: setup::Consent,
    /// Measures guests that are machines of their own, too, beside a boot of the same kernel.
    #[arg(long)]
    machines: bool,
    /// How often each of the commands is run.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(3..))]
    samples: u32,
}

/// One of the commands that are compared.
struct Contestant {
    name: &'static str,
    command: Command,
    times: Vec<Duration>,
}

impl Contestant {
    fn new(name: &'static str, mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self {
            name,
            command,
            times: Vec::new(),
        }
    }

    fn run(&mut self) -> Result<Duration> {
        let began = Instant::now();
        let status = self.command.status();
        let time = began.elapsed();
        let line = command::line(&self.command);
        let status = status.with_context(|| command::cannot_start(&self.command))?;
        if !status.success() {
            bail!("cannot measure `{line}`: {status}");
        }
        Ok(time)
    }

    fn quantile(&self, percent: usize) -> Duration {
        let mut times = self.times.clone();
        times.sort();
        times[(times.len() - 1) * percent / 100]
    }
}

/// Builds, measures, prints the table; fails if a guest costs more than the ceiling.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(&[Purpose::Run, Purpose::Bench], &options.setup)?;
    let worktree = Worktree::current()?;
    command::run(&mut worktree.cargo(&["build", "--release", "-p", "vm-test-executor"])?)?;
    let program = worktree.target().join("release/vm-test");
    let test = build_test(&worktree)?;
    let scratch = Scratch::new()?;
    let mut contestants = vec![
        Contestant::new("local", on_test(&test, "local", &program, &scratch)),
        Contestant::new("on_vm", on_test(&test, "on_guest", &program, &scratch)),
    ];
    let is_root = rustix::process::geteuid().is_root();
    let mut footprint = None;
    if options.machines {
        let machines = Machines::prepare(&worktree, &program, &scratch.0)?;
        contestants.push(Contestant::new("machine", machines.on_test(&test)));
        contestants.push(Contestant::new("boot", machines.boot()?));
        footprint = Some(machines);
    }
    if is_root {
        contestants.push(Contestant::new("lxc-execute", lxc_execute(&scratch)?));
    } else {
        println!(
            "lxc-execute: not measured, it needs root (or a set-up of its own) over the host's root"
        );
    }
    for contestant in &mut contestants {
        // The first run starts the daemon and fills caches; nobody waits for that twice.
        contestant.run()?;
    }
    for _ in 0..options.samples {
        for contestant in &mut contestants {
            let time = contestant.run()?;
            contestant.times.push(time);
        }
    }
    print_table(&contestants, options.samples);
    if let Some(machines) = footprint {
        machines.print_footprint()?;
    }
    stop(&program, &scratch)?;
    Ok(judge(&contestants))
}

fn print_table(contestants: &[Contestant], samples: u32) {
    println!("\n{samples} interleaved samples each, milliseconds:");
    println!(
        "{:<12} {:>8} {:>8} {:>8} {:>8}",
        "", "p10", "median", "p90", "p99"
    );
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    for contestant in contestants {
        println!(
            "{:<12} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
            contestant.name,
            millis(contestant.quantile(10)),
            millis(contestant.quantile(50)),
            millis(contestant.quantile(90)),
            millis(contestant.quantile(99)),
        );
    }
}

fn judge(contestants: &[Contestant]) -> ExitCode {
    let median = |name: &str| {
        let found = contestants.iter().find(|it| it.name == name)?;
        Some(found.quantile(50).as_secs_f64())
    };
    let (Some(local), Some(guest)) = (median("local"), median("on_vm")) else {
        return ExitCode::FAILURE;
    };
    println!(
        "\na guest costs {:.2} ms over a local test",
        (guest - local) * 1e3
    );
    if let (Some(machine), Some(boot)) = (median("machine"), median("boot")) {
        println!(
            "a machine of its own costs {:.2} ms over a local test, which is 1/{:.1} of a boot of its kernel",
            (machine - local) * 1e3,
            boot / (machine - local)
        );
    }
    let Some(lxc) = median("lxc-execute") else {
        return ExitCode::SUCCESS;
    };
    let ratio = (guest - local) / lxc;
    println!("that is {ratio:.2} x lxc-execute (more than {CEILING} would be a defect)");
    if ratio > CEILING {
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

/// The test binary, run the way nextest runs it.
fn on_test(binary: &Path, test: &str, program: &Path, scratch: &Scratch) -> Command {
    let mut command = Command::new(binary);
    command
        .args(["--exact", test, "--nocapture"])
        .env("VM_TEST_BIN", program)
        .env("VM_TEST_RUNTIME_DIR", scratch.0.join("run"));
    command
}

fn build_test(worktree: &Worktree) -> Result<PathBuf> {
    let mut cargo = worktree.cargo(&["test", "--no-run", "--message-format", "json"])?;
    cargo
        .arg("--manifest-path")
        .arg(worktree.root.join("tests/fixtures/speed/Cargo.toml"))
        .env("CARGO_TARGET_DIR", worktree.target().join("fixtures"));
    let messages = command::capture(&mut cargo)?;
    let path = messages
        .lines()
        .filter(|line| line.contains("\"name\":\"empty\""))
        .find_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next());
    path.map(PathBuf::from)
        .context("cannot find the test binary among cargo's messages")
}

/// The nearest a user comes without vm-test: the same root file system, thrown away after one command.
fn lxc_execute(scratch: &Scratch) -> Result<Command> {
    let upper = scratch.0.join("upper");
    std::fs::create_dir_all(&upper)?;
    let config = scratch.0.join("config");
    let text = format!(
        "lxc.rootfs.path = overlay:/:{}\nlxc.net.0.type = empty\nlxc.mount.auto = proc:rw sys:rw\nlxc.autodev = 1\n",
        upper.display()
    );
    std::fs::write(&config, text)?;
    let mut command = Command::new("lxc-execute");
    command
        .args(["-n", "vm-test-bench", "-P"])
        .arg(&scratch.0)
        .arg("-f")
        .arg(&config);
    command.args(["--", "/bin/true"]);
    Ok(command)
}

fn stop(program: &Path, scratch: &Scratch) -> Result<()> {
    let mut command = Command::new(program);
    command
        .arg("stop")
        .env("VM_TEST_RUNTIME_DIR", scratch.0.join("run"));
    command::capture(&mut command).map(drop)
}

/// A directory of this run's own.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        let path = PathBuf::from(format!("/tmp/vmt-bench-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
