//! A curve: what a test on a guest costs over the same test on the host, at points along something
//! that grows. Knows no daemon and no command.

use std::ops::Range;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::measure::Measure;

/// What a guest costs at several points.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Curve {
    pub(super) name: String,
    /// What grows, and in which unit.
    pub(super) what: String,
    pub(super) unit: String,
    /// The guest of the tests.
    pub(super) guest: String,
    pub(super) points: Vec<Point>,
}

/// What was measured at one point, all in seconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Point {
    pub(super) at: f64,
    pub(super) local: Measure,
    pub(super) on_guest: Measure,
    /// How much longer each test on the guest took than the one on the host beside it.
    pub(super) over: Measure,
}

/// How long a test took on the host and, beside it, on a guest.
pub(super) type Pair = (Duration, Duration);

impl Point {
    /// Returns a point with these samples.
    pub(super) fn of(at: f64, pairs: &[Pair]) -> Self {
        let (local, on_guest): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        let over = pairs
            .iter()
            .map(|(local, guest)| guest.as_secs_f64() - local.as_secs_f64());
        Self {
            at,
            over: Measure::new("on the guest over local", "s", over.collect()),
            local: Measure::of_times("local", &local),
            on_guest: Measure::of_times("on the guest", &on_guest),
        }
    }
}

impl Curve {
    /// Returns how many times as much the last point costs as the first.
    ///
    /// There is no answer if the first costs nothing.
    pub(super) fn growth(&self) -> Option<f64> {
        let [first, .., last] = &self.points[..] else {
            return None;
        };
        let (first, last) = (first.over.median?, last.over.median?);
        (first > 0.0).then(|| last / first)
    }

    /// Prints the medians.
    pub(super) fn print(&self) {
        println!("\n{}, guest {}, milliseconds:", self.name, self.guest);
        println!(
            "{:>14} {:>8} {:>8} {:>8} {:>8} {:>8}",
            self.unit, "samples", "local", "guest", "over", "p99"
        );
        for point in &self.points {
            let millis = |value: Option<f64>| value.unwrap_or(f64::NAN) * 1e3;
            println!(
                "{:>14} {:>8} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
                point.at,
                point.over.samples.len(),
                millis(point.local.median),
                millis(point.on_guest.median),
                millis(point.over.median),
                millis(point.over.p99)
            );
        }
    }
}

/// Returns which tests of a suite are measured, counted from 0: so many up to the one whose number
/// is 100, 300, 1,000 and so on, and up to the last one.
pub(super) fn windows(suite: usize, samples: usize) -> Vec<Range<usize>> {
    let decades = (2..).map(|power| 10_usize.pow(power));
    let marks = decades
        .take_while(|decade| *decade < suite)
        .flat_map(|decade| [decade, 3 * decade])
        .filter(|mark| *mark < suite);
    let ends = marks.chain([suite]);
    let mut windows: Vec<Range<usize>> = Vec::new();
    for end in ends {
        let begin = end.saturating_sub(samples);
        // Nothing is measured twice.
        let free = windows.last().map_or(0, |before| before.end);
        windows.push(begin.max(free)..end);
    }
    windows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn curve(costs: &[u64]) -> Curve {
        let point = |cost: &u64| {
            let pair = (Duration::from_millis(2), Duration::from_millis(2 + cost));
            Point::of(0.0, &[pair])
        };
        Curve {
            name: "it".to_owned(),
            what: "what".to_owned(),
            unit: "tests".to_owned(),
            guest: "host".to_owned(),
            points: costs.iter().map(point).collect(),
        }
    }

    #[test]
    fn windows_end_at_round_numbers_and_at_the_end_of_the_suite() {
        assert_eq!(
            windows(10_000, 30),
            [70..100, 270..300, 970..1000, 2970..3000, 9970..10_000]
        );
        assert_eq!(windows(1000, 100), [0..100, 200..300, 900..1000]);
        assert_eq!(windows(350, 60), [40..100, 240..300, 300..350]);
        let short = windows(20, 30);
        assert_eq!((short.len(), &short[0]), (1, &(0..20)));
    }

    #[test]
    fn a_point_compares_each_test_with_the_one_beside_it() {
        let millis = Duration::from_millis;
        // The machine becomes slower, the test on the guest does not.
        let pairs = [
            (millis(2), millis(12)),
            (millis(9), millis(19)),
            (millis(4), millis(14)),
        ];
        let point = Point::of(100.0, &pairs);
        assert!((point.over.median.unwrap() - 0.010).abs() < 1e-9);
        assert_eq!(point.local.median, Some(0.004));
        assert_eq!(point.on_guest.samples, [0.012, 0.019, 0.014]);
    }

    #[test]
    fn growth_is_the_last_point_over_the_first() {
        let growth = |costs: &[u64]| curve(costs).growth();
        assert!((growth(&[10, 50, 12]).unwrap() - 1.2).abs() < 1e-9);
        assert_eq!(growth(&[10]), None);
        assert_eq!(growth(&[0, 5]), None);
    }
}
