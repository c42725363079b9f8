//! What a test on a container may cost compared with `crun run` of an empty program, and whether it
//! does. Measures nothing.

use super::goal::Goal;
use super::rows::{AT_A_TIME, Figures};

/// A test on a container takes at most this part of `crun run`, over the same test on the host …
const HALF: f64 = 0.5;

/// … the processors work for it at most this many times as long …
const OF_WORK: f64 = 1.0;

/// … as many end in a second, at each number of them at a time …
const OF_RATE: f64 = 1.0;

/// … and the slowest of a hundred takes at most this many times as long as most.
const OF_TAIL: f64 = 4.0;

/// The unit of what is compared with it.
const OF_CRUN: &str = "x crun";

/// Judges the guests' figures, for which it asks by name.
///
/// What was not measured misses its goal.
pub(super) fn judge(guests: &[&str], figures: impl Fn(&str) -> Option<Figures>) -> Vec<Goal> {
    let (local, crun) = (figures("local"), figures("crun"));
    let mut goals = Vec::new();
    for name in guests {
        let all = figures(name).zip(local).zip(crun);
        let value = |of: &dyn Fn(Figures, Figures, Figures) -> f64| {
            all.map(|((guest, local), crun)| of(guest, local, crun))
        };
        goals.push(Goal::at_most(
            &format!("{name}: time over a local test"),
            value(&|guest, local, crun| (guest.p50 - local.p50) / crun.p50),
            OF_CRUN,
            HALF,
        ));
        goals.push(Goal::at_most(
            &format!("{name}: p99"),
            value(&|guest, _, _| guest.p99 / guest.p50),
            "x its median",
            OF_TAIL,
        ));
        for (at, count) in AT_A_TIME.into_iter().enumerate() {
            goals.push(Goal::at_most(
                &format!("{name}: processor time for each, {count} at a time"),
                value(&|guest, _, crun| guest.work[at] / crun.work[at]),
                OF_CRUN,
                OF_WORK,
            ));
            goals.push(Goal::at_least(
                &format!("{name}: in a second, {count} at a time"),
                value(&|guest, _, crun| guest.rates[at] / crun.rates[at]),
                OF_CRUN,
                OF_RATE,
            ));
        }
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn of(p50: f64, p99: f64, work: f64, rate: f64) -> Figures {
        Figures {
            p50,
            p99,
            work: [work; 3],
            rates: [rate; 3],
        }
    }

    fn met(guest: Option<Figures>) -> bool {
        let goals = judge(&["guest"], |name| match name {
            "local" => Some(of(2.0, 3.0, 2.0, 400.0)),
            "crun" => Some(of(6.0, 9.0, 6.0, 150.0)),
            _ => guest,
        });
        assert_eq!(goals.len(), 8);
        goals.iter().all(Goal::is_met)
    }

    #[test]
    fn each_goal_is_met_up_to_its_limit_and_missed_behind_it() {
        assert!(met(Some(of(5.0, 20.0, 6.0, 150.0))));
        assert!(!met(Some(of(6.0, 20.0, 6.0, 150.0))));
        assert!(!met(Some(of(5.0, 21.0, 6.0, 150.0))));
        assert!(!met(Some(of(5.0, 20.0, 7.0, 150.0))));
        assert!(!met(Some(of(5.0, 20.0, 6.0, 149.0))));
        assert!(!met(None));
    }

    #[test]
    fn one_number_of_workers_that_misses_is_enough() {
        let mut guest = of(5.0, 20.0, 6.0, 150.0);
        guest.rates[2] = 100.0;
        assert!(!met(Some(guest)));
    }
}
