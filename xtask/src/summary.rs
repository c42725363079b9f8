//! The end of `cargo xtask test`: one row per phase, the last runner's own closing line, and the totals alone on the
//! last line. A phase that did not run is named as such and never counted as passed.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use crate::tally::Tally;

/// What became of one phase.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ran, or tried to.
    Ran {
        tally: Tally,
        build: Duration,
        tests: Duration,
    },
    /// It was not started, for this reason.
    NotRun(&'static str),
}

/// What became of all phases, in the order in which they ran.
#[derive(Debug, Default)]
pub(crate) struct Summary(Vec<(String, Outcome)>);

impl Summary {
    pub(crate) fn add(&mut self, phase: String, outcome: Outcome) {
        self.0.push((phase, outcome));
    }

    /// Whether something ran and nothing failed.
    pub(crate) fn passed(&self) -> bool {
        let total = self.total();
        total.failed == 0 && total.passed > 0
    }

    fn total(&self) -> Tally {
        let mut total = Tally::default();
        for (_, outcome) in &self.0 {
            if let Outcome::Ran { tally, .. } = outcome {
                total += tally.clone();
            }
        }
        total
    }
}

impl Display for Summary {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        writeln!(
            out,
            "{:<14} {:<8} {:>7} {:>7} {:>8} {:>9} {:>9}",
            "phase", "result", "passed", "failed", "ignored", "build s", "tests s"
        )?;
        for (phase, outcome) in &self.0 {
            match outcome {
                Outcome::NotRun(reason) => writeln!(out, "{phase:<14} not run  {reason}")?,
                Outcome::Ran {
                    tally,
                    build,
                    tests,
                } => writeln!(
                    out,
                    "{phase:<14} {:<8} {:>7} {:>7} {:>8} {:>9.1} {:>9.1}",
                    if tally.failed == 0 {
                        "passed"
                    } else {
                        "FAILED"
                    },
                    tally.passed,
                    tally.failed,
                    tally.ignored,
                    build.as_secs_f64(),
                    tests.as_secs_f64()
                )?,
            }
        }
        let total = self.total();
        writeln!(
            out,
            "{}",
            total
                .closing_line
                .as_deref()
                .unwrap_or("no test runner came to its end")
        )?;
        write!(out, "{} passed, {} failed", total.passed, total.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(passed: u64, failed: u64, closing_line: Option<&str>) -> Outcome {
        let tally = Tally {
            passed,
            failed,
            ignored: 0,
            closing_line: closing_line.map(str::to_owned),
        };
        Outcome::Ran {
            tally,
            build: Duration::from_millis(1500),
            tests: Duration::from_millis(250),
        }
    }

    #[test]
    fn the_last_lines_are_the_last_runners_closing_line_and_the_totals() {
        let mut summary = Summary::default();
        summary.add(
            "unit".to_owned(),
            ran(2, 0, Some("test result: ok. 2 passed")),
        );
        summary.add("demo-cargo".to_owned(), ran(3, 1, None));
        summary.add("suites-root".to_owned(), Outcome::NotRun("it needs root"));
        let text = summary.to_string();
        assert!(text.ends_with("\nsuites-root    not run  it needs root\ntest result: ok. 2 passed\n5 passed, 1 failed"), "{text}");
        assert!(
            text.contains("unit           passed         2       0        0       1.5       0.2\n"),
            "{text}"
        );
        assert!(text.contains("demo-cargo     FAILED "), "{text}");
        assert!(!summary.passed());
    }

    #[test]
    fn a_summary_in_which_nothing_ran_has_not_passed() {
        let mut summary = Summary::default();
        assert!(!summary.passed());
        summary.add("suites-root".to_owned(), Outcome::NotRun("it needs root"));
        assert!(!summary.passed());
        summary.add("unit".to_owned(), ran(1, 0, None));
        assert!(summary.passed());
    }
}
