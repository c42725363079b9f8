//! What a test on a container may cost compared with `crun run` of an empty program, and whether it
//! does. Measures nothing.

use super::rows::{AT_A_TIME, Figures};

/// A test on a container takes at most this part of `crun run`, over the same test on the host …
const OF_CRUN: f64 = 0.5;

/// … the processors work for it at most this many times as long …
const OF_WORK: f64 = 1.0;

/// … as many end in a second, at each number of them at a time …
const OF_RATE: f64 = 1.0;

/// … and the slowest of a hundred takes at most this many times as long as most.
const OF_TAIL: f64 = 4.0;

/// Prints how a guest's figures compare, which it asks for by name; returns whether all goals are met.
///
/// What was not measured misses its goal.
pub(super) fn judge(guests: &[&str], figures: impl Fn(&str) -> Option<Figures>) -> bool {
    let (Some(local), Some(crun)) = (figures("local"), figures("crun")) else {
        println!("\nwithout crun and a local test nothing can be compared: missed");
        return false;
    };
    let mut all = true;
    for name in guests {
        let Some(guest) = figures(name) else {
            println!("\n{name} was not measured: missed");
            all = false;
            continue;
        };
        println!("\n{name}, beside crun:");
        let over = guest.p50.saturating_sub(local.p50).as_secs_f64();
        all &= at_most(
            "time over a local test",
            over / crun.p50.as_secs_f64(),
            OF_CRUN,
        );
        let tail = guest.p99.as_secs_f64() / guest.p50.as_secs_f64();
        all &= at_most("p99, of its own median", tail, OF_TAIL);
        for (at, count) in AT_A_TIME.into_iter().enumerate() {
            let work = guest.work[at].as_secs_f64() / crun.work[at].as_secs_f64();
            all &= at_most(&format!("work for each, {count} at a time"), work, OF_WORK);
            let rate = guest.rates[at] / crun.rates[at];
            all &= at_least(&format!("in a second, {count} at a time"), rate, OF_RATE);
        }
    }
    all
}

fn at_most(what: &str, ratio: f64, goal: f64) -> bool {
    say(what, ratio, &format!("at most {goal}"), ratio <= goal)
}

fn at_least(what: &str, ratio: f64, goal: f64) -> bool {
    say(what, ratio, &format!("at least {goal}"), ratio >= goal)
}

fn say(what: &str, ratio: f64, goal: &str, is_met: bool) -> bool {
    let word = if is_met { "met" } else { "missed" };
    println!("  {what:<28} {ratio:>6.2} (goal: {goal}: {word})");
    is_met
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const fn of(p50: u64, p99: u64, work: u64, rate: f64) -> Figures {
        Figures {
            p50: Duration::from_millis(p50),
            p99: Duration::from_millis(p99),
            work: [Duration::from_millis(work); 3],
            rates: [rate; 3],
        }
    }

    fn met(guest: Option<Figures>) -> bool {
        judge(&["guest"], |name| match name {
            "local" => Some(of(2, 3, 2, 400.0)),
            "crun" => Some(of(6, 9, 6, 150.0)),
            _ => guest,
        })
    }

    #[test]
    fn each_goal_is_met_up_to_its_limit_and_missed_behind_it() {
        assert!(met(Some(of(5, 20, 6, 150.0))));
        assert!(!met(Some(of(6, 20, 6, 150.0))));
        assert!(!met(Some(of(5, 21, 6, 150.0))));
        assert!(!met(Some(of(5, 20, 7, 150.0))));
        assert!(!met(Some(of(5, 20, 6, 149.0))));
        assert!(!met(None));
    }

    #[test]
    fn one_number_of_workers_that_misses_is_enough() {
        let mut guest = of(5, 20, 6, 150.0);
        guest.rates[2] = 100.0;
        assert!(!met(Some(guest)));
    }
}
