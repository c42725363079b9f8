//! A run of cargo's test runner or of nextest: its arguments, to build and to run, and which module
//! counts its results. `phase` chooses the tests.

use anyhow::Result;

use crate::tally::Tally;
use crate::worktree::Worktree;
use crate::{libtest, nextest};

/// The program that runs the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// `cargo test`.
    Libtest,
    /// `cargo test --doc`.
    Documents,
    /// `cargo nextest run`.
    Nextest,
}

/// How cargo is asked for the tests in documents.
const DOCUMENTS: [&str; 3] = ["test", "--doc", "--no-fail-fast"];

/// The arguments of one run of a test runner under cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runner {
    kind: Kind,
    arguments: Vec<String>,
    /// Arguments for the test binaries, besides those that are passed on.
    filters: Vec<String>,
}

impl Runner {
    pub(crate) fn libtest(selection: &[impl AsRef<str>]) -> Self {
        Self::new(Kind::Libtest, &["test", "--no-fail-fast"], selection)
    }

    /// Runs the tests in the documents of libraries.
    pub(crate) fn documents(selection: &[impl AsRef<str>]) -> Self {
        Self::new(Kind::Documents, &DOCUMENTS, selection)
    }

    pub(crate) fn nextest(selection: &[impl AsRef<str>]) -> Self {
        // nextest's configuration says that it goes on after a failure; the flag is incompatible
        // with `--no-run`.
        let command = ["nextest", "run", "--profile", nextest::PROFILE];
        Self::new(Kind::Nextest, &command, selection)
    }

    fn new(kind: Kind, command: &[&str], selection: &[impl AsRef<str>]) -> Self {
        let selection = selection.iter().map(AsRef::as_ref);
        let arguments = command.iter().copied().chain(selection);
        let arguments = arguments.map(str::to_owned).collect();
        Self {
            kind,
            arguments,
            filters: Vec::new(),
        }
    }

    /// Restricts the run to the tests that nextest's expression selects.
    pub(crate) fn choosing(mut self, expression: &str) -> Self {
        self.arguments
            .extend(["-E".to_owned(), expression.to_owned()]);
        self
    }

    /// Leaves out the tests with this in their names.
    pub(crate) fn skipping(mut self, part: &str) -> Self {
        self.filters.extend(["--skip".to_owned(), part.to_owned()]);
        self
    }

    /// Runs the tests in `worktree`, with `passed_on` for the test binaries.
    pub(crate) fn count(&self, worktree: &Worktree, passed_on: &[String]) -> Result<Tally> {
        let mut run = worktree.cargo(&self.run(passed_on))?;
        match self.kind {
            Kind::Libtest | Kind::Documents => libtest::run(&mut run),
            Kind::Nextest => {
                let mut list = worktree.cargo(&self.list(passed_on))?;
                nextest::run(&mut list, &mut run, &worktree.root.join(nextest::REPORT))
            }
        }
    }

    /// Returns the arguments with which nextest lists what it would run.
    fn list(&self, passed_on: &[String]) -> Vec<String> {
        let mut arguments = self.run(passed_on);
        let list = ["list", "--message-format", "json"].map(str::to_owned);
        arguments.splice(1..2, list);
        arguments
    }

    /// Returns the arguments that only build what would run.
    pub(crate) fn build(&self) -> Vec<String> {
        if self.kind == Kind::Documents {
            // cargo compiles these tests only when it runs them.
            let selection = self.arguments.iter().skip(DOCUMENTS.len()).cloned();
            return ["build".to_owned()].into_iter().chain(selection).collect();
        }
        let mut arguments = self.arguments.clone();
        arguments.push("--no-run".to_owned());
        arguments
    }

    /// Returns the arguments that run, with `passed_on` for the test binaries.
    pub(crate) fn run(&self, passed_on: &[String]) -> Vec<String> {
        let mut arguments = self.arguments.clone();
        let told = [&self.filters, passed_on].concat();
        if !told.is_empty() {
            arguments.push("--".to_owned());
            arguments.extend(told);
        }
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_lists_what_it_would_run() {
        let runner = Runner::nextest(&["-p", "firewall"]).choosing("not test(a)");
        let list = runner.list(&["b".to_owned()]).join(" ");
        assert_eq!(
            list,
            "nextest list --message-format json --profile xtask -p firewall -E not test(a) -- b"
        );
        let run = runner.run(&["b".to_owned()]).join(" ");
        assert_eq!(
            run,
            "nextest run --profile xtask -p firewall -E not test(a) -- b"
        );
    }

    #[test]
    fn arguments_are_passed_on_behind_a_double_dash() {
        let runner = Runner::libtest(&["-p", "firewall"]);
        assert_eq!(
            runner.run(&[]),
            ["test", "--no-fail-fast", "-p", "firewall"]
        );
        assert_eq!(
            runner.run(&["--exact".to_owned()]),
            ["test", "--no-fail-fast", "-p", "firewall", "--", "--exact"]
        );
        assert_eq!(
            runner.build(),
            ["test", "--no-fail-fast", "-p", "firewall", "--no-run"]
        );
        let documents = Runner::documents(&["-p", "firewall"]);
        assert_eq!(documents.run(&[])[..2], ["test", "--doc"]);
        assert_eq!(documents.build(), ["build", "-p", "firewall"]);
        assert_eq!(
            runner.skipping("vm::").run(&["rows".to_owned()])[4..],
            ["--", "--skip", "vm::", "rows"]
        );
    }
}
