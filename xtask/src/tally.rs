//! How many tests passed and failed, and which failed. It reads nothing: `libtest` and `nextest`
//! count.

use std::ops::AddAssign;

/// The results of one or more runners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// What failed, by its name or in its own words.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    /// Returns a single failure, which may stand for one outside of any test.
    pub(crate) fn failure(what: impl Into<String>) -> Self {
        Self {
            failed: 1,
            failures: vec![what.into()],
            ..Self::default()
        }
    }

    /// Returns the number of tests that ran.
    pub(crate) fn ran(&self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
        self.failures.extend(other.failures);
    }
}
