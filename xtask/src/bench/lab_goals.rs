//! What a lab may cost compared with single VMs, with boots, and with other programs that make
//! networks of containers, and whether it does. Measures nothing.

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

/// Prints how the medians, which it asks for by name, compare; returns whether all goals are met
/// that were measured.
///
/// A median of ours that was not measured misses its goal; what others cost may be unknown.
pub(super) fn judge(median: impl Fn(&str) -> Option<f64>) -> bool {
    let boot = || Some(median(BOOT)? - median(RUN)?);
    println!();
    if let Some(boot) = boot() {
        println!("a boot takes {:.0} ms, with the saving of it", boot * 1e3);
    }
    let four = median(FOUR);
    let ours = [
        is_met(
            FOUR,
            four,
            "four boots, one after the other",
            boot().map(|boot| 4.0 * boot),
            0.1,
        ),
        is_met(FOUR, four, ONE, median(ONE), 3.0),
        is_met(
            FOUR_READY,
            median(FOUR_READY),
            ONE_READY,
            median(ONE_READY),
            2.0,
        ),
    ];
    let eight = median(EIGHT);
    let others = [MININET, MUNET].map(|other| {
        let theirs = median(other);
        theirs.is_none() || is_met(EIGHT, eight, other, theirs, 0.5)
    });
    ours.iter().chain(&others).all(|met| *met)
}

/// Prints how many times as much something takes as something else, both in seconds.
fn is_met(what: &str, it: Option<f64>, beside: &str, other: Option<f64>, goal: f64) -> bool {
    let Some((it, other)) = it.zip(other) else {
        println!("{what} beside {beside}: not measured");
        return false;
    };
    let ratio = it / other;
    let is_met = ratio <= goal;
    let word = if is_met { "met" } else { "missed" };
    println!(
        "{what}: {:.0} ms, {ratio:.2} x {beside} ({:.0} ms; goal at most {goal} x: {word})",
        it * 1e3,
        other * 1e3
    );
    is_met
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Judges the medians of a run in which all goals are met, with one median replaced.
    fn with(other: &str, seconds: Option<f64>) -> bool {
        judge(|name| match name {
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
        })
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
