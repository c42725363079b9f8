//! What was measured of one thing: its samples in the order in which they were taken, with median
//! and 99th percentile. Knows no contestant.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How long one run takes, from start to end.
pub(super) const TIME: &str = "time";

/// The minimum number of samples for a median to count.
pub(super) const ENOUGH: usize = 30;

/// Samples of one kind, in one unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Measure {
    pub(super) what: String,
    /// As `s`, `1/s`, `B/s` or `KiB`.
    pub(super) unit: String,
    pub(super) samples: Vec<f64>,
    /// There is none of no samples.
    pub(super) median: Option<f64>,
    pub(super) p99: Option<f64>,
}

impl Measure {
    /// Returns a measure of these samples.
    pub(super) fn new(what: &str, unit: &str, samples: Vec<f64>) -> Self {
        Self {
            what: what.to_owned(),
            unit: unit.to_owned(),
            median: quantile(&samples, 50),
            p99: quantile(&samples, 99),
            samples,
        }
    }

    /// Returns a measure of times, in seconds.
    pub(super) fn of_times(what: &str, times: &[Duration]) -> Self {
        let seconds = times.iter().map(Duration::as_secs_f64);
        Self::new(what, "s", seconds.collect())
    }
}

/// Returns a percentile: a sample, of two in the middle the lower one.
pub(super) fn quantile(samples: &[f64], percent: usize) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_sample_and_the_highest_is_the_worst_of_few() {
        let of = |percent| quantile(&[4.0, 2.0, 3.0, 1.0], percent).unwrap();
        assert_eq!([10, 50, 90, 99].map(of), [1.0, 2.0, 4.0, 4.0]);
        assert_eq!(quantile(&[], 50), None);
    }

    #[test]
    fn times_are_kept_in_seconds_and_in_their_order() {
        let times = [30, 10, 20].map(Duration::from_millis);
        let measure = Measure::of_times(TIME, &times);
        assert_eq!(measure.samples, [0.03, 0.01, 0.02]);
        assert_eq!((measure.median, measure.p99), (Some(0.02), Some(0.03)));
        assert_eq!(measure.unit, "s");
    }
}
