//! The end of `cargo xtask test`: one row per phase with its tests and times, what failed, and only
//! the totals on the last line. A phase that did not run is reported as such and never counted as
//! passed.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use crate::tally::Tally;

/// The result of one phase.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It ran, or could not be started.
    Ran {
        tally: Tally,
        build: Duration,
        tests: Duration,
    },
    /// It was not started, for this reason.
    NotRun(&'static str),
}

/// The results of all phases, in the order in which they ran.
#[derive(Debug)]
pub(crate) struct Summary {
    /// How long it took until the first phase could begin.
    setup: Duration,
    phases: Vec<(String, Outcome)>,
}

impl Summary {
    pub(crate) fn new(setup: Duration) -> Self {
        Self {
            setup,
            phases: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, phase: String, outcome: Outcome) {
        self.phases.push((phase, outcome));
    }

    /// Returns whether something ran and nothing failed.
    pub(crate) fn passed(&self) -> bool {
        let total = self.total();
        total.failed == 0 && total.passed > 0
    }

    fn total(&self) -> Tally {
        let mut total = Tally::default();
        for (_, outcome) in &self.phases {
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
            "{:<14} {:<8} {:>7} {:>7} {:>8} {:>9} {:>9} {:>9}",
            "phase", "result", "passed", "failed", "ignored", "build s", "tests s", "all s"
        )?;
        let mut all = self.setup;
        for (phase, outcome) in &self.phases {
            match outcome {
                Outcome::NotRun(reason) => writeln!(out, "{phase:<14} not run  {reason}")?,
                Outcome::Ran {
                    tally,
                    build,
                    tests,
                } => {
                    all += *build + *tests;
                    writeln!(
                        out,
                        "{phase:<14} {:<8} {:>7} {:>7} {:>8} {:>9.1} {:>9.1} {:>9.1}",
                        if tally.failed == 0 {
                            "passed"
                        } else {
                            "FAILED"
                        },
                        tally.passed,
                        tally.failed,
                        tally.ignored,
                        build.as_secs_f64(),
                        tests.as_secs_f64(),
                        (*build + *tests).as_secs_f64()
                    )?;
                }
            }
        }
        for (what, time) in [("set-up", self.setup), ("all of it", all)] {
            writeln!(out, "{what:<14} {:>63.1}", time.as_secs_f64())?;
        }
        for (phase, outcome) in &self.phases {
            if let Outcome::Ran { tally, .. } = outcome {
                for failure in &tally.failures {
                    let failure = failure.lines().next().unwrap_or_default();
                    writeln!(out, "failed: {phase}: {failure}")?;
                }
            }
        }
        let total = self.total();
        write!(out, "{} passed, {} failed", total.passed, total.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(passed: u64, failed: u64) -> Outcome {
        let tally = Tally {
            passed,
            failed,
            ignored: 0,
            failures: (0..failed).map(|_| "demo it_works".to_owned()).collect(),
        };
        Outcome::Ran {
            tally,
            build: Duration::from_millis(1500),
            tests: Duration::from_millis(500),
        }
    }

    #[test]
    fn every_phase_has_its_tests_and_its_times_and_the_totals_are_the_last_line() {
        let mut summary = Summary::new(Duration::from_secs(2));
        summary.add("unit".to_owned(), ran(2, 0));
        summary.add("demo-cargo".to_owned(), ran(3, 1));
        summary.add("suites-root".to_owned(), Outcome::NotRun("it needs root"));
        let expected = "\
phase          result    passed  failed  ignored   build s   tests s     all s
unit           passed         2       0        0       1.5       0.5       2.0
demo-cargo     FAILED         3       1        0       1.5       0.5       2.0
suites-root    not run  it needs root
set-up                                                                     2.0
all of it                                                                  6.0
failed: demo-cargo: demo it_works
5 passed, 1 failed";
        assert_eq!(summary.to_string(), expected);
        assert!(!summary.passed());
    }

    #[test]
    fn a_summary_in_which_nothing_ran_has_not_passed() {
        let mut summary = Summary::new(Duration::ZERO);
        assert!(!summary.passed());
        summary.add("suites-root".to_owned(), Outcome::NotRun("it needs root"));
        assert!(!summary.passed());
        summary.add("unit".to_owned(), ran(1, 0));
        assert!(summary.passed());
    }
}
