//! What a test on a VM may cost compared with a boot of it, and whether it does. Measures nothing.

/// A test on a VM costs at most this fraction of the time that the image's systemd takes to its
/// login prompt …
const OF_SYSTEM: f64 = 60.0;

/// … and at most this fraction of the time that its kernel takes to its first program.
const OF_KERNEL: f64 = 15.0;

/// How much more it may cost with a large binary than with a small one, at most.
const OF_PAYLOAD: f64 = 0.1;

/// Prints how the medians, which it asks for by name, compare; returns whether all goals are met.
///
/// A median that was not measured misses its goal.
pub(crate) fn judge(median: impl Fn(&str) -> Option<f64>) -> bool {
    let costs = |guest: &str, local: &str| Some(median(guest)? - median(local)?);
    let beside = |what: &str, guest: &str, boot: &str, goal: Option<f64>| {
        let times = costs(guest, "local").zip(median(boot));
        times.is_some_and(|(costs, boot)| is_met(what, costs, boot, goal))
    };
    println!();
    let results = [
        beside(
            "a test whose machine is ready",
            "machine, ready",
            "kernel boot",
            Some(OF_KERNEL),
        ),
        beside(
            "the same with systemd",
            "systemd, ready",
            "systemd boot",
            Some(OF_SYSTEM),
        ),
        // Without goals: under emulation, most of it is the translation of code that a VM runs
        // first, and consecutive tests wait for VMs that are being restored on the same processors.
        beside(
            "one whose machine is restored when it asks",
            "machine, restored",
            "kernel boot",
            None,
        ),
        beside(
            "the same with systemd",
            "systemd, restored",
            "systemd boot",
            None,
        ),
        beside(
            "each of several in a row",
            "machine, in a row",
            "kernel boot",
            None,
        ),
        costs("restored, 5 MB", "local, 5 MB")
            .zip(costs("restored, 150 MB", "local, 150 MB"))
            .is_some_and(|(small, large)| is_flat(small, large)),
    ];
    results.iter().all(|met| *met)
}

/// Prints what a test costs compared with a boot, both in seconds.
fn is_met(what: &str, costs: f64, boot: f64, goal: Option<f64>) -> bool {
    let ratio = boot / costs;
    let is_met = goal.is_none_or(|goal| ratio >= goal);
    let goal = goal.map_or(String::new(), |goal| {
        format!(" (goal 1/{goal}: {})", word(is_met))
    });
    println!(
        "{what} costs {:.2} ms over a local one, 1/{ratio:.2} of that boot{goal}",
        costs * 1e3
    );
    is_met
}

/// Prints what a large binary costs compared with a small one, both in seconds.
fn is_flat(small: f64, large: f64) -> bool {
    let more = large / small - 1.0;
    let is_met = more <= OF_PAYLOAD;
    println!(
        "from a debug binary of 150 MB it costs {:.2} ms, from one of 5 MB {:.2} ms: {:+.1} % (goal: at most {} % more: {})",
        large * 1e3,
        small * 1e3,
        more * 100.0,
        OF_PAYLOAD * 100.0,
        word(is_met)
    );
    is_met
}

fn word(is_met: bool) -> &'static str {
    if is_met { "met" } else { "missed" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges the medians of a run in which all goals are met, with one median replaced.
    fn with(other: &str, seconds: Option<f64>) -> bool {
        judge(|name| match name {
            name if name == other => seconds,
            "kernel boot" => Some(3.0),
            "systemd boot" => Some(12.0),
            name if name.starts_with("local") => Some(0.01),
            name if name.ends_with("ready") => Some(0.2),
            _ => Some(1.0),
        })
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
