//! What a test on a VM may cost compared with a boot of it, and whether it does. Measures nothing.

use super::goal::{Goal, Limit};

/// A test on a VM costs at most this fraction of the time that the image's systemd takes to its
/// login prompt …
const OF_SYSTEM: f64 = 60.0;

/// … and at most this fraction of the time that its kernel takes to its first program.
const OF_KERNEL: f64 = 15.0;

/// How many times as much it may cost with a large binary as with a small one, at most.
const OF_PAYLOAD: f64 = 1.1;

/// Judges the medians in seconds, for which it asks by name.
///
/// A median that was not measured misses its goal.
pub(crate) fn judge(median: impl Fn(&str) -> Option<f64>) -> Vec<Goal> {
    let costs = |guest: &str, local: &str| Some(median(guest)? - median(local)?);
    let in_boot = |guest: &str, boot: &str, least: Option<f64>| {
        let times = median(boot).zip(costs(guest, "local"));
        Goal::of(
            &format!("{boot}, beside what `{guest}` costs over a local test"),
            times.map(|(boot, costs)| boot / costs),
            "x",
            least.map(Limit::AtLeast),
        )
    };
    let payloads =
        costs("restored, 150 MB", "local, 150 MB").zip(costs("restored, 5 MB", "local, 5 MB"));
    vec![
        in_boot("machine, ready", "kernel boot", Some(OF_KERNEL)),
        in_boot("systemd, ready", "systemd boot", Some(OF_SYSTEM)),
        // Without goals: under emulation, most of it is the translation of code that a VM runs
        // first, and consecutive tests wait for VMs that are being restored on the same processors.
        in_boot("machine, restored", "kernel boot", None),
        in_boot("systemd, restored", "systemd boot", None),
        in_boot("machine, in a row", "kernel boot", None),
        Goal::at_most(
            "a debug binary of 150 MB",
            payloads.map(|(large, small)| large / small),
            "x what one of 5 MB costs",
            OF_PAYLOAD,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges the medians of a run in which all goals are met, with one median replaced.
    fn with(other: &str, seconds: Option<f64>) -> bool {
        let goals = judge(|name| match name {
            name if name == other => seconds,
            "kernel boot" => Some(3.0),
            "systemd boot" => Some(12.0),
            name if name.starts_with("local") => Some(0.01),
            name if name.ends_with("ready") => Some(0.2),
            _ => Some(1.0),
        });
        goals.iter().all(Goal::is_met)
    }

    #[test]
    fn a_goal_is_met_up_to_its_part_of_a_boot() {
        assert!(with("nothing else", None));
        assert!(!with("machine, ready", Some(0.22)));
        assert!(!with("systemd, ready", Some(0.22)));
        assert!(with("machine, restored", Some(2.0)));
    }

    #[test]
    fn a_large_binary_costs_hardly_more_than_a_small_one() {
        assert!(with("restored, 150 MB", Some(1.05)));
        assert!(!with("restored, 150 MB", Some(1.2)));
    }

    #[test]
    fn what_was_not_measured_is_not_met() {
        for name in [
            "machine, ready",
            "kernel boot",
            "machine, restored",
            "local",
            "local, 5 MB",
        ] {
            assert!(!with(name, None), "{name}");
        }
    }
}
