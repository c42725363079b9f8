//! A goal: a value, its limit, and whether it is met. Knows neither what is measured nor how.

use std::fmt::{self, Display, Formatter};

use serde::{Deserialize, Serialize};

/// A value with its limit, if there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Goal {
    pub(super) what: String,
    /// As `x crun`, for a multiple of what `crun` takes.
    pub(super) unit: String,
    /// There is none of what was not measured.
    pub(super) value: Option<f64>,
    pub(super) limit: Option<Limit>,
    pub(super) outcome: Outcome,
}

/// How small or how large a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Limit {
    AtMost(f64),
    AtLeast(f64),
}

/// What is said of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    Met,
    /// Not met, or not measured.
    Missed,
    /// It was measured, and may be anything.
    NoGoal,
}

impl Goal {
    /// Judges a value; one that was not measured misses its goal.
    pub(super) fn of(what: &str, value: Option<f64>, unit: &str, limit: Option<Limit>) -> Self {
        // Divided by nothing, nothing was compared.
        let value = value.filter(|value| value.is_finite());
        let outcome = match (value, limit) {
            (None, _) => Outcome::Missed,
            (Some(_), None) => Outcome::NoGoal,
            (Some(value), Some(limit)) if limit.allows(value) => Outcome::Met,
            (Some(_), Some(_)) => Outcome::Missed,
        };
        Self {
            what: what.to_owned(),
            unit: unit.to_owned(),
            value,
            limit,
            outcome,
        }
    }

    /// Judges a value that has to be small.
    pub(super) fn at_most(what: &str, value: Option<f64>, unit: &str, most: f64) -> Self {
        Self::of(what, value, unit, Some(Limit::AtMost(most)))
    }

    /// Judges a value that has to be large.
    pub(super) fn at_least(what: &str, value: Option<f64>, unit: &str, least: f64) -> Self {
        Self::of(what, value, unit, Some(Limit::AtLeast(least)))
    }

    /// Returns whether nothing is missed.
    pub(super) fn is_met(&self) -> bool {
        self.outcome != Outcome::Missed
    }
}

impl Limit {
    fn allows(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }
}

impl Display for Limit {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(formatter, "at most {most}"),
            Self::AtLeast(least) => write!(formatter, "at least {least}"),
        }
    }
}

impl Display for Goal {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Some(value) = self.value else {
            return write!(formatter, "{}: not measured: missed", self.what);
        };
        write!(formatter, "{}: {value:.2} {}", self.what, self.unit)?;
        let word = if self.is_met() { "met" } else { "missed" };
        match self.limit {
            Some(limit) => write!(formatter, " (goal: {limit}: {word})"),
            None => write!(formatter, " (no goal)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_itself_is_allowed_and_what_is_behind_it_is_not() {
        let most = |value| Goal::at_most("it", value, "x", 0.5);
        let least = |value| Goal::at_least("it", value, "x", 0.5);
        assert!(most(Some(0.5)).is_met() && !most(Some(0.51)).is_met());
        assert!(least(Some(0.5)).is_met() && !least(Some(0.49)).is_met());
    }

    #[test]
    fn what_was_not_measured_or_divided_by_nothing_misses_its_goal() {
        for value in [None, Some(f64::NAN), Some(f64::INFINITY)] {
            for limit in [None, Some(Limit::AtLeast(0.5))] {
                let goal = Goal::of("it", value, "x", limit);
                assert!(!goal.is_met());
                assert_eq!(goal.to_string(), "it: not measured: missed");
            }
        }
    }

    #[test]
    fn a_goal_is_printed_with_its_limit_and_what_is_said_of_it() {
        let goal = Goal::at_most("time", Some(0.512), "x crun", 0.5);
        assert_eq!(
            goal.to_string(),
            "time: 0.51 x crun (goal: at most 0.5: missed)"
        );
        let free = Goal::of("time", Some(2.0), "x crun", None);
        assert_eq!(free.to_string(), "time: 2.00 x crun (no goal)");
    }
}
