//! How much what a test costs may grow along a curve, and whether it does. Measures nothing.

use crate::bench::curve::{Curve, Point};
use crate::bench::goal::{Goal, Limit};

/// The curves that have to be flat: at the last point a test costs at most so many times as much as
/// at the first.
const FLAT: [(&str, f64); 2] = [("suite", 1.1), ("binary", 1.1)];

/// Judges a curve; one that must not be flat has no goal.
pub(super) fn judge(curve: &Curve) -> Goal {
    let limit = FLAT.iter().find(|(name, _)| *name == curve.name);
    let at = |point: Option<&Point>| point.map_or(f64::NAN, |point| point.at);
    let (first, last) = (at(curve.points.first()), at(curve.points.last()));
    Goal::of(
        &format!(
            "curve {}, guest {}: what a test costs at {last} {}",
            curve.name, curve.guest, curve.unit
        ),
        curve.growth(),
        &format!("x what it costs at {first}"),
        limit.map(|(_, most)| Limit::AtMost(*most)),
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn goal(name: &str, costs: [u64; 2]) -> Goal {
        let point = |(at, cost): (f64, u64)| {
            let pair = (Duration::from_millis(2), Duration::from_millis(2 + cost));
            Point::of(at, &[pair])
        };
        judge(&Curve {
            name: name.to_owned(),
            what: "what".to_owned(),
            unit: "tests".to_owned(),
            guest: "host".to_owned(),
            points: [100.0, 10_000.0]
                .into_iter()
                .zip(costs)
                .map(point)
                .collect(),
        })
    }

    #[test]
    fn a_curve_has_to_be_flat_and_says_between_which_points() {
        assert!(goal("suite", [100, 109]).is_met());
        let missed = goal("suite", [100, 120]);
        assert!(!missed.is_met());
        assert_eq!(
            missed.to_string(),
            "curve suite, guest host: what a test costs at 10000 tests: 1.20 x what it costs at 100 (goal: at most 1.1: missed)"
        );
        assert!(!goal("binary", [100, 120]).is_met());
    }

    #[test]
    fn what_costs_nothing_at_first_cannot_be_judged_and_is_missed() {
        assert!(!goal("suite", [0, 1]).is_met());
    }

    #[test]
    fn beside_idle_instances_there_is_no_goal() {
        assert!(goal("idle", [100, 300]).is_met());
    }
}
