//! Many tests of a fixture in one call of a runner: fast, and what a user does.

use crate::fixture::{Fixture, Runner};
use crate::host::Host;
use crate::patience::{self, Finished};
use crate::report::{self, Tests};
use crate::streams::text_of;
use std::process::Command;
use std::time::Duration;

/// A selection of tests and test targets.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// The names of the test targets; flags such as `--lib` for others.
    pub targets: &'a [&'a str],
    /// Filters and flags after the `--`, for both runners.
    pub filters: &'a [&'a str],
    /// Variables of the environment.
    pub environment: &'a [(&'a str, &'a str)],
    /// How long the run may take, without building.
    pub limit: Duration,
}

/// The result of running a group.
#[derive(Debug)]
pub struct Outcome {
    /// Its tests.
    pub tests: Tests,
    /// How the runner ended.
    pub finished: Finished,
}

impl Outcome {
    /// Returns everything that the runner wrote.
    #[must_use]
    pub fn text(&self) -> String {
        self.finished.stdout.text() + &self.finished.stderr.text()
    }
}

impl Group<'_> {
    /// Returns the command that runs the group.
    #[must_use]
    pub fn command(&self, fixture: &Fixture, host: &Host, runner: Runner) -> Command {
        let arguments: &[&str] = match runner {
            Runner::CargoTest => &["test", "--no-fail-fast"],
            Runner::Nextest => &[
                "nextest",
                "run",
                "--no-fail-fast",
                "--test-threads=4",
                "--status-level=pass",
                "--final-status-level=none",
                "--success-output=immediate",
                "--failure-output=immediate",
            ],
        };
        let mut command = self.select(fixture.cargo(host, arguments));
        command.arg("--").args(self.filters);
        if runner == Runner::CargoTest {
            command.args(["--test-threads=4", "--show-output"]);
        }
        command
    }

    /// Builds what the group needs, without a time limit.
    ///
    /// # Panics
    /// If it cannot be built.
    pub fn build(&self, fixture: &Fixture, host: &Host) {
        let output = self
            .select(fixture.cargo(host, &["test", "--no-run", "--quiet"]))
            .output()
            .expect("cargo starts");
        assert!(output.status.success(), "{}", text_of(&output));
    }

    fn select(&self, mut command: Command) -> Command {
        for target in self.targets {
            if !target.starts_with("--") {
                command.arg("--test");
            }
            command.arg(target);
        }
        command.envs(self.environment.iter().copied());
        command
    }

    /// Builds and runs the group.
    ///
    /// # Panics
    /// If the run takes longer than its limit, or no test is reported.
    #[must_use]
    pub fn run(&self, fixture: &Fixture, host: &Host, runner: Runner) -> Outcome {
        self.build(fixture, host);
        let finished = patience::run(&mut self.command(fixture, host, runner), self.limit);
        let outcome = Self::read(finished, runner);
        assert!(
            !outcome.tests.is_empty(),
            "not one test ran:\n{}",
            outcome.text()
        );
        outcome
    }

    /// Reads the result of a run that has ended.
    #[must_use]
    pub fn read(finished: Finished, runner: Runner) -> Outcome {
        let tests = match runner {
            Runner::CargoTest => report::from_libtest(&finished.stdout.text()),
            Runner::Nextest => report::from_nextest(&finished.stderr.text()),
        };
        Outcome { tests, finished }
    }
}
