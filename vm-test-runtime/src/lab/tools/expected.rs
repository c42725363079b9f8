//! How many of something a test expects, as it writes it with a range.

use std::fmt;
use std::ops::{Bound, RangeBounds};
use std::time::Duration;
use vm_test_protocol::tool::Ask;

/// How long the least is waited for: only a test that fails waits so long.
const PATIENCE: Duration = Duration::from_secs(5);

/// After how long without another one no more are expected.
///
/// What a VM has sent may be on its way for tens of milliseconds where QEMU translates and all
/// processors are busy.
const QUIET: Duration = Duration::from_millis(250);

/// How many are expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Expected {
    least: u64,
    most: Option<u64>,
}

impl Expected {
    pub(super) fn of(range: impl RangeBounds<u64>) -> Self {
        let mut least = match range.start_bound() {
            Bound::Included(least) => *least,
            Bound::Excluded(below) => below.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let most = match range.end_bound() {
            Bound::Included(most) => Some(*most),
            // There is no number below 0.
            Bound::Excluded(0) => {
                least = least.max(1);
                Some(0)
            }
            Bound::Excluded(above) => Some(above - 1),
            Bound::Unbounded => None,
        };
        Self { least, most }
    }

    /// Returns whether it may be this many.
    pub(super) fn holds(self, count: u64) -> bool {
        count >= self.least && self.most.is_none_or(|most| count <= most)
    }

    /// Returns whether it may be this many or more: then nothing that was missed changes that.
    pub(super) fn holds_from(self, count: u64) -> bool {
        self.most.is_none() && count >= self.least
    }

    /// Returns how to ask whether there are as many.
    pub(super) fn ask(self) -> Ask {
        Ask::Settle {
            least: self.least,
            most: self.most,
            patience: PATIENCE,
            quiet: QUIET,
        }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.least, self.most) {
            (0, Some(0)) => to.write_str("none"),
            (least, Some(most)) if least == most => write!(to, "{least}"),
            (0, Some(most)) => write!(to, "at most {most}"),
            (least, Some(most)) => write!(to, "{least} to {most}"),
            (least, None) => write!(to, "at least {least}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_the_numbers_that_they_name() {
        let of_all = Expected::of(..);
        for (expected, words, holding) in [
            (Expected::of(0..=0), "none", &[0][..]),
            (Expected::of(3..=3), "3", &[3]),
            (Expected::of(1..), "at least 1", &[1, 2, 3, 4]),
            (Expected::of(..=2), "at most 2", &[0, 1, 2]),
            (Expected::of(1..3), "1 to 2", &[1, 2]),
            (Expected::of(..0), "1 to 0", &[]),
            (of_all, "at least 0", &[0, 1, 2, 3, 4]),
        ] {
            let held: Vec<_> = (0..5).filter(|count| expected.holds(*count)).collect();
            assert_eq!((&*held, &*expected.to_string()), (holding, words));
        }
        assert!(Expected::of(1..).holds_from(1) && !Expected::of(1..).holds_from(0));
        assert!(!Expected::of(..=2).holds_from(1));
    }
}
