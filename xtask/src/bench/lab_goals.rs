//! What a lab may cost compared with single VMs, with boots, and with other programs that make
//! networks of containers, and whether it does. Measures nothing.

use super::goal::Goal;

/// One VM that boots, is saved, restored, and runs a command.
pub(super) const BOOT: &str = "VM, booted and run";

/// One VM that is restored and runs the same command.
pub(super) const RUN: &str = "VM, run";

/// A test on one VM, which is restored when it asks.
pub(super) const ONE: &str = "VM, restored";

/// A test on one VM, which is ready.
pub(super) const ONE_READY: &str = "VM, ready";

/// A test with a lab of four VMs, which are restored when it asks.
pub(super) const FOUR: &str = "four VMs, restored";

/// A test with a lab of four VMs, which is ready.
pub(super) const FOUR_READY: &str = "four VMs, ready";

/// A test with eight containers, which reach each other.
pub(super) const EIGHT: &str = "eight containers";

/// The same with mininet, and with munet.
pub(super) const MININET: &str = "mininet";
pub(super) const MUNET: &str = "munet";

/// Judges the medians in seconds, for which it asks by name.
///
/// A median of ours that was not measured misses its goal; what others cost may be unknown.
pub(super) fn judge(median: impl Fn(&str) -> Option<f64>) -> Vec<Goal> {
    // With the saving of it.
    let boot = median(BOOT).zip(median(RUN));
    let four_boots = boot.map(|(boot, run)| 4.0 * (boot - run));
    let ratio = |what: &str, beside: &str, other: Option<f64>, most: f64| {
        let times = median(what).zip(other);
        let value = times.map(|(it, other)| it / other);
        Goal::at_most(what, value, &format!("x {beside}"), most)
    };
    let mut goals = vec![
        ratio(FOUR, "four boots, one after the other", four_boots, 0.1),
        ratio(FOUR, ONE, median(ONE), 3.0),
        ratio(FOUR_READY, ONE_READY, median(ONE_READY), 2.0),
    ];
    for other in [MININET, MUNET] {
        let theirs = median(other);
        goals.extend(theirs.map(|_| ratio(EIGHT, other, theirs, 0.5)));
    }
    goals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges the medians of a run in which all goals are met, with one median replaced.
    fn with(other: &str, seconds: Option<f64>) -> bool {
        let goals = judge(|name| match name {
            name if name == other => seconds,
            BOOT => Some(3.5),
            RUN => Some(0.5),
            ONE => Some(0.5),
            FOUR => Some(1.0),
            ONE_READY => Some(0.1),
            EIGHT => Some(0.2),
            FOUR_READY => Some(0.2),
            MININET => Some(0.5),
            _ => Some(1.0),
        });
        goals.iter().all(Goal::is_met)
    }

    #[test]
    fn a_goal_is_met_up_to_its_multiple_of_what_it_is_compared_with() {
        assert!(with("nothing else", None));
        assert!(with(FOUR, Some(1.2)) && !with(FOUR, Some(1.3)));
        assert!(!with(ONE, Some(0.3)));
        assert!(!with(FOUR_READY, Some(0.21)));
        assert!(with(EIGHT, Some(0.25)) && !with(EIGHT, Some(0.26)));
        assert!(!with(MUNET, Some(0.3)));
    }

    #[test]
    fn what_was_not_measured_is_not_met_unless_it_is_others() {
        for name in [BOOT, RUN, ONE, FOUR, ONE_READY, FOUR_READY, EIGHT] {
            assert!(!with(name, None), "{name}");
        }
        assert!(with(MININET, None) && with(MUNET, None));
    }
}
