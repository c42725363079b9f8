//! The commands for the developers of vm-test. This file knows their names and options; what a
//! command does is in the module with its name.

mod bench;
mod census;
mod command;
mod coverage;
mod demo;
mod fuzz;
mod libtest;
mod machine;
mod mirror;
mod nextest;
mod package;
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

/// Commands for the developers of vm-test.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Sets up this host, runs the demo's tests, and shows that the host is as it was.
    Demo(demo::Options),
    /// Sets up this host and runs every test, as root and as an ordinary user.
    Test(test::Options),
    /// Measures how much of this workspace its tests execute, those on guests included.
    Coverage(coverage::Options),
    /// Measures what a test on a guest costs, beside a local one and beside lxc-execute.
    Bench(bench::Options),
    /// Gives any bytes to the parsers of protocols, by cargo-fuzz.
    Fuzz(fuzz::Options),
    /// Checks the subjects of commits: a scope, and at most 72 characters.
    Subjects,
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().task {
        Task::Demo(options) => demo::run(&options),
        Task::Test(options) => test::run(&options),
        Task::Coverage(options) => coverage::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Fuzz(options) => fuzz::run(&options),
        Task::Subjects => subjects::run(),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use std::iter;

    use clap::CommandFactory;
    use vm_test_tests::document::{Block, blocks, blocks_of_the_project};
    use vm_test_tests::shell::commands;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    /// Returns how many commands of a block are for this program, or what is wrong with one.
    fn check(block: &Block) -> Result<usize, String> {
        let mut count = 0;
        if block.language != "sh" {
            return Ok(count);
        }
        for command in commands(&block.code)? {
            let own = command
                .words
                .strip_prefix(&["cargo", "xtask"].map(str::to_owned));
            let Some(arguments) = own else {
                continue;
            };
            count += 1;
            let name = "cargo xtask".to_owned();
            match Cli::try_parse_from(iter::once(&name).chain(arguments)) {
                Err(error) if error.use_stderr() => {
                    return Err(format!("{}: {error}", block.place));
                }
                _ => {}
            }
        }
        Ok(count)
    }

    #[test]
    fn what_the_documents_show_of_these_commands_is_right() {
        let checked = blocks_of_the_project();
        let checked = checked.iter().map(check).collect::<Result<Vec<_>, _>>();
        let count: usize = checked
            .unwrap_or_else(|error| panic!("{error}"))
            .iter()
            .sum();
        assert!(count > 0, "no block shows a command");
    }

    #[test]
    fn a_command_of_a_document_that_does_not_exist_is_found() {
        let check = |line: &str| {
            let document = format!("```sh\n{line}\n```\n");
            check(&blocks("a.md", &document).unwrap()[0])
        };
        assert_eq!(check("cargo xtask test --full && cargo test"), Ok(1));
        for wrong in ["cargo xtask tests", "cargo xtask test --fulll"] {
            assert!(check(wrong).unwrap_err().starts_with("a.md:1: "), "{wrong}");
        }
    }
}
