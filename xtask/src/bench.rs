//! `cargo xtask bench`: what a test on a guest costs, compared in one run with the same test on the
//! host, with `lxc-execute`, and in rows without a pause also with `crun`, `bwrap` and `unshare`.
//!
//! The samples are interleaved, so that other load on the host affects all of them alike; only
//! ratios can be compared between hosts.

mod boot;
mod containers;
mod contestant;
mod cpu;
mod daemon;
mod footprint;
mod goals;
mod lab_goals;
mod labs;
mod link_goals;
mod links;
mod machines;
mod padding;
mod proxies;
mod rivals;
mod row_goals;
mod rows;
mod sandboxes;
mod scratch;
mod table;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};
use clap::Args;

use crate::command;
use crate::package::Purpose;
use crate::setup;
use crate::worktree::Worktree;
use contestant::Contestant;
use daemon::Daemon;
use labs::Labs;
use machines::Machines;
use scratch::Scratch;
use table::{load, print_samples, print_table};

/// Above this multiple of `lxc-execute`, something is wrong.
const CEILING: f64 = 3.0;

/// The minimum number of samples for a median to count.
const ENOUGH: usize = 30;

/// The same for labs.
const ENOUGH_OF_LABS: usize = 20;

/// The options of `cargo xtask bench`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    setup: setup::Consent,
    /// Also measure VMs, next to boots of the same kernel and system.
    #[arg(long)]
    machines: bool,
    /// Measure labs instead, next to single VMs, mininet and munet.
    #[arg(long, conflicts_with = "machines")]
    labs: bool,
    /// Measure the fault proxies instead, next to haproxy and to no proxy.
    #[arg(long, conflicts_with_all = ["machines", "labs"])]
    proxies: bool,
    /// Measure the links of a lab instead: with a fault that does nothing, next to the bridge.
    #[arg(long, conflicts_with_all = ["machines", "labs", "proxies"])]
    links: bool,
    /// How often each command is run, and how many rows of containers are.
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(3..))]
    samples: u32,
    /// How often slow commands are run, if not as often as the others: a boot of a whole system,
    /// and several tests in a row.
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
    boots: Option<u32>,
}

/// Builds, measures, prints the table.
///
/// Fails if a guest costs more than the ceiling, or misses one of its goals.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let mut purposes = vec![Purpose::Run, Purpose::Bench];
    let tests = options.machines || options.labs || options.proxies;
    purposes.extend(tests.then_some(Purpose::Test));
    purposes.extend(options.labs.then_some(Purpose::Labs));
    purposes.extend(options.proxies.then_some(Purpose::Proxies));
    setup::ensure(&purposes, &options.setup)?;
    let worktree = Worktree::current()?;
    command::run(&mut worktree.cargo(&["build", "--release", "-p", "vm-test-executor"])?)?;
    let program = worktree.target().join("release/vm-test");
    let scratch = Scratch::new()?;
    if options.proxies {
        let met = proxies::run(&program, &scratch.0, options.samples)?;
        let is_few = (options.samples as usize) < ENOUGH;
        let few = is_few.then_some("each way to a server");
        return Ok(conclude(few.as_slice(), ENOUGH, met));
    }
    let test = build_test(&worktree, "empty")?;
    if options.links {
        let test = build_test(&worktree, "links")?;
        let taken = links::measure(&worktree, &program, &test, &scratch.0, options.samples)?;
        let is_few = (options.samples as usize) < ENOUGH;
        let few = is_few.then_some("each kind of link");
        return Ok(conclude(few.as_slice(), ENOUGH, link_goals::judge(&taken)));
    }
    if options.labs {
        return run_labs(options, &worktree, &program, &test, &scratch.0);
    }
    let daemon = Daemon::new(&program, &scratch.0, "containers");
    let contestant =
        |name, test_name| Contestant::of_command(name, on_test(&test, test_name, &daemon));
    let mut contestants = vec![
        contestant("local", "local"),
        contestant("on_vm", "on_guest"),
    ];
    let mut machines = None;
    if options.machines {
        let prepared = Machines::prepare(&worktree, &program, &scratch.0)?;
        let every = options
            .samples
            .div_ceil(options.boots.unwrap_or(options.samples));
        contestants.extend(prepared.contestants(&test, every)?);
        machines = Some(prepared);
    }
    if rustix::process::geteuid().is_root() {
        let lxc_execute = sandboxes::lxc_execute(&scratch.0.join("lxc"), "vm-test-bench")?;
        contestants.push(Contestant::of_command("lxc-execute", lxc_execute));
    }
    measure(&mut contestants, options.samples)?;
    let mut met = judge(&contestants)?;
    if let Some(machines) = machines {
        met &= goals::judge(|name| median(&contestants, name));
        machines.print_footprint()?;
    } else {
        met &= containers::run(&worktree, &daemon, &test, &scratch.0, options.samples)?;
    }
    Ok(conclude(&few(&contestants, ENOUGH), ENOUGH, met))
}

/// Measures labs.
fn run_labs(
    options: &Options,
    worktree: &Worktree,
    program: &Path,
    test: &Path,
    scratch: &Path,
) -> Result<ExitCode> {
    let on_labs = build_test(worktree, "labs")?;
    let labs = Labs::prepare(worktree, program, scratch)?;
    let mut contestants = labs.contestants(test, &on_labs)?;
    contestants.extend(rivals::contestants(worktree, options.setup.installs())?);
    measure(&mut contestants, options.samples)?;
    print_samples(&contestants);
    let met = lab_goals::judge(|name| median(&contestants, name));
    let few = few(&contestants, ENOUGH_OF_LABS);
    Ok(conclude(&few, ENOUGH_OF_LABS, met))
}

/// Takes all samples, interleaved, and prints the table.
fn measure(contestants: &mut [Contestant], samples: u32) -> Result<()> {
    for contestant in &mut *contestants {
        contestant.warm_up()?;
    }
    for round in 0..samples {
        println!("round {} of {samples} (load {})", round + 1, load());
        for contestant in &mut *contestants {
            contestant.take(round)?;
        }
    }
    print_table(contestants);
    Ok(())
}

/// Returns those with fewer samples than are enough.
fn few(contestants: &[Contestant], enough: usize) -> Vec<&'static str> {
    let few = contestants.iter().filter(|it| it.samples() < enough);
    few.map(|it| it.name).collect()
}

/// Says of which there are not enough samples; returns the exit code.
fn conclude(few: &[&str], enough: usize, met: bool) -> ExitCode {
    if !few.is_empty() {
        println!(
            "\nfewer than {enough} samples of {}: what is said of goals above is a hint, and no measurement",
            few.join("; ")
        );
    }
    if met {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Returns the median of a contestant, in seconds.
fn median(contestants: &[Contestant], name: &str) -> Option<f64> {
    let found = contestants.iter().find(|it| it.name == name)?;
    Some(found.quantile(50).as_secs_f64())
}

/// Prints what a guest costs; returns whether that is below the ceiling.
fn judge(contestants: &[Contestant]) -> Result<bool> {
    let median = |name| median(contestants, name);
    let (local, guest) = median("local")
        .zip(median("on_vm"))
        .context("cannot compare: nothing was measured")?;
    println!(
        "\na guest costs {:.2} ms over a local test",
        (guest - local) * 1e3
    );
    let Some(lxc) = median("lxc-execute") else {
        return Ok(true);
    };
    let ratio = (guest - local) / lxc;
    println!("that is {ratio:.2} x lxc-execute (more than {CEILING} would be a defect)");
    Ok(ratio <= CEILING)
}

/// Returns the test binary's command, as nextest runs it.
fn on_test(binary: &Path, test: &str, daemon: &Daemon) -> Command {
    let mut command = Command::new(binary);
    daemon
        .adopt(&mut command)
        .args(["--exact", test, "--nocapture"]);
    command
}

/// Returns the fixture's test binary of this name.
fn build_test(worktree: &Worktree, name: &str) -> Result<PathBuf> {
    let mut cargo = worktree.cargo(&["test", "--no-run", "--message-format", "json"])?;
    cargo
        .arg("--manifest-path")
        .arg(worktree.root.join("tests/fixtures/speed/Cargo.toml"))
        .env("CARGO_TARGET_DIR", worktree.target().join("fixtures"));
    let messages = command::capture(&mut cargo)?;
    let path = messages
        .lines()
        .filter(|line| line.contains(&format!("\"name\":\"{name}\"")))
        .find_map(|line| line.split("\"executable\":\"").nth(1)?.split('"').next());
    path.map(PathBuf::from)
        .context("cannot find the test binary among cargo's messages")
}
