//! The commands of the developers of vm-test. This file knows their names and options and hands them on;
//! what a command does lives in the module of its name.

mod bench;
mod census;
mod command;
mod coverage;
mod demo;
mod libtest;
mod machine;
mod mirror;
mod nextest;
mod packages;
mod phase;
mod runner;
mod setup;
mod short_form;
mod subjects;
mod summary;
mod tally;
mod test;
mod toolchain;
mod user;
mod worktree;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What the developers of vm-test run.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Sets the machine up, runs the demo's tests, and shows that the machine is as it was.
    Demo(demo::Options),
    /// Sets the machine up and runs every test, as root and as an ordinary user.
    Test(test::Options),
    /// Measures how much of this workspace its tests execute, those on guests included.
    Coverage(coverage::Options),
    /// Measures what a test on a guest costs, beside a local one and beside lxc-execute.
    Bench(bench::Options),
    /// Checks the subjects of commits: a scope, and at most 72 characters.
    Subjects,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Coverage(options) => coverage::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Subjects => subjects::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }
}
