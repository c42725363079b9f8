//! A run of cargo's test runner or of nextest: its arguments, to build and to run. Which tests are chosen is `phase`'s business.

use crate::tally::Kind;

/// The arguments of one run of a test runner under cargo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Runner {
    pub(crate) kind: Kind,
    arguments: Vec<String>,
    /// What the test binaries are told, besides what is passed on to them.
    filters: Vec<String>,
}

impl Runner {
    pub(crate) fn libtest(selection: &[&str]) -> Self {
        Self::new(Kind::Libtest, &["test", "--no-fail-fast"], selection)
    }

    pub(crate) fn nextest(selection: &[&str]) -> Self {
        // Nextest's own settings say that it goes on after a failure; the flag does not go with `--no-run`.
        Self::new(Kind::Nextest, &["nextest", "run"], selection)
    }

    fn new(kind: Kind, command: &[&str], selection: &[&str]) -> Self {
        let arguments = command
            .iter()
            .chain(selection)
            .map(|&argument| argument.to_owned())
            .collect();
        Self {
            kind,
            arguments,
            filters: Vec::new(),
        }
    }

    /// The same for the tests that nextest's expression chooses.
    pub(crate) fn choosing(mut self, expression: &str) -> Self {
        self.arguments
            .extend(["-E".to_owned(), expression.to_owned()]);
        self
    }

    /// The same without the tests that have this in their names.
    pub(crate) fn skipping(mut self, part: &str) -> Self {
        self.filters.extend(["--skip".to_owned(), part.to_owned()]);
        self
    }

    /// The arguments that only build what would run.
    pub(crate) fn build(&self) -> Vec<String> {
        let mut arguments = self.arguments.clone();
        arguments.push("--no-run".to_owned());
        arguments
    }

    /// The arguments that run, with `passed_on` for the test binaries.
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
        assert_eq!(
            runner.skipping("vm::").run(&["rows".to_owned()])[4..],
            ["--", "--skip", "vm::", "rows"]
        );
    }
}
