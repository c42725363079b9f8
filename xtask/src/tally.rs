//! How many tests passed and failed. It reads nothing: `libtest` and `nextest` count.

use std::ops::AddAssign;

/// The results of one or more runners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
}

impl Tally {
    /// A single failure, which may stand for one outside of any test.
    pub(crate) const FAILURE: Self = Self {
        passed: 0,
        failed: 1,
        ignored: 0,
    };

    /// Returns the number of tests that ran.
    pub(crate) fn ran(self) -> u64 {
        self.passed + self.failed
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}
