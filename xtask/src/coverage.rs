//! `cargo xtask coverage`: how much of this workspace its own tests execute, with what only guests
//! execute, by an unmodified cargo-llvm-cov.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::command;
use crate::package::Purpose;
use crate::phase::Phase;
use crate::setup;
use crate::tally::Tally;
use crate::user::OrdinaryUser;
use crate::worktree::Worktree;

/// The phases of `cargo xtask test` that are measured. The other suites are about VMs, not lines.
const PHASES: [Phase; 3] = [Phase::Unit, Phase::DemoNextest, Phase::SuitesCoverage];

/// What is not part of the product.
const NOT_OURS: &str = "/registry/|/rustc/|/xtask/|/tests/tests/|/tests/src/|/examples/";

/// The prefix of profiles that come from guests.
const OF_GUESTS: &str = "vm-test-";

/// The options of `cargo xtask coverage`.
#[derive(Args)]
pub(crate) struct Options {
    #[command(flatten)]
    setup: setup::Consent,
    /// Also write the lines to this file, as lcov has them.
    #[arg(long, value_name = "FILE")]
    lcov: Option<std::path::PathBuf>,
}

/// Runs the tests, then prints the table, with the total in the last line.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    setup::ensure(
        &[Purpose::Run, Purpose::Demo, Purpose::Test],
        &options.setup,
    )?;
    let mut worktree = Worktree::current()?;
    let target = worktree.target().join("coverage");
    worktree.build_in(&target);
    let variables = variables(&worktree)?;
    worktree.set(&variables);
    command::run(&mut worktree.cargo(&["llvm-cov", "clean", "--profraw-only"])?)?;
    open_to_all(&target)?;
    if rustix::process::geteuid().is_root() {
        // Some of root's tests run again as an ordinary user.
        OrdinaryUser::ensure()?;
    }
    worktree.build_executor()?;
    let mut total = Tally::default();
    for phase in PHASES {
        println!("\n== {}: {}", phase.name(), phase.description());
        for runner in phase.runners(&worktree.root, false)? {
            total += runner.count(&worktree, &[])?;
        }
    }
    // The daemon writes its profile when it ends.
    command::run(
        Command::new(target.join("debug/vm-test"))
            .arg("stop")
            .envs(variables.iter().map(|(name, value)| (name, value))),
    )?;
    let of_guests = profiles_of_guests(&target)?;
    if of_guests == 0 {
        bail!("cannot call this coverage: no profile has come from a guest");
    }
    let mut report = vec!["llvm-cov", "report", "--no-default-ignore-filename-regex"];
    report.extend(["--ignore-filename-regex", NOT_OURS]);
    if let Some(file) = &options.lcov {
        let mut lcov = worktree.cargo(&report)?;
        command::run(lcov.args(["--lcov", "--output-path"]).arg(file))?;
    }
    report.push("--summary-only");
    command::run(&mut worktree.cargo(&report)?)?;
    println!(
        "\n{of_guests} profiles came from guests; {} tests passed, {} failed",
        total.passed, total.failed
    );
    Ok(if total.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Lets every user write profiles there: the process that builds an image's files is root in a user
/// namespace, and another user outside.
fn open_to_all(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .and_then(|()| fs::set_permissions(directory, Permissions::from_mode(0o1777)))
        .with_context(|| format!("cannot open {} to all", directory.display()))
}

/// Returns the variables with which this workspace is built and tested for coverage.
fn variables(worktree: &Worktree) -> Result<Vec<(String, String)>> {
    let text = command::capture(&mut worktree.cargo(&["llvm-cov", "show-env"])?)?;
    let mut parsed: Vec<_> = text.lines().filter_map(variable).collect();
    // cargo-llvm-cov names profiles after the workspace's directory, whose name may begin like the
    // profiles of guests.
    for (name, pattern) in &mut parsed {
        if name == "LLVM_PROFILE_FILE"
            && let Some((directory, file)) = pattern.rsplit_once('/')
        {
            *pattern = format!("{directory}/host-{}", file.trim_start_matches(OF_GUESTS));
        }
    }
    if !parsed.iter().any(|(name, _)| name == "LLVM_PROFILE_FILE") {
        bail!("cannot find LLVM_PROFILE_FILE in the output of `cargo llvm-cov show-env`");
    }
    Ok(parsed)
}

/// Parses a line of a shell's assignments.
fn variable(line: &str) -> Option<(String, String)> {
    let (name, value) = line.trim_start_matches("export ").split_once('=')?;
    let value = value
        .strip_prefix('\'')
        .and_then(|value| value.strip_suffix('\''))
        .unwrap_or(value);
    Some((name.to_owned(), value.to_owned()))
}

fn profiles_of_guests(target: &Path) -> Result<usize> {
    let entries =
        fs::read_dir(target).with_context(|| format!("cannot read {}", target.display()))?;
    let names = entries.flatten().map(|entry| entry.file_name());
    Ok(names
        .filter(|name| name.to_string_lossy().starts_with(OF_GUESTS))
        .filter(|name| name.to_string_lossy().ends_with(".profraw"))
        .count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn assignments_of_shells_are_read() {
        let pair = |name: &str, value: &str| Some((name.to_owned(), value.to_owned()));
        assert_eq!(variable("A='b c'"), pair("A", "b c"));
        assert_eq!(variable("export A=1"), pair("A", "1"));
        assert_eq!(variable("info: nothing"), None);
    }
}
