//! What a test on a VM may cost compared with a boot of it, what an idle one may take, and whether
//! they do. Measures nothing.

use super::goal::{Goal, Limit};
use super::rows::Figures;

/// A boot of the image's kernel to its first program.
pub(super) const BOOT: &str = "kernel boot";

/// Tests in rows without a pause.
pub(super) const MACHINE_IN_ROWS: &str = "machine, in a row";
pub(super) const SYSTEM_IN_ROWS: &str = "systemd, in a row";

/// A test on a VM that waits for it costs at most this fraction of a boot of its kernel …
const OF_READY: f64 = 25.0;

/// … at most this fraction where the VM is restored when the test asks …
const OF_RESTORED: f64 = 8.0;

/// … and at most this fraction where tests follow one another without a pause.
const OF_ROW: f64 = 14.0;

/// With a whole system, ready or in a row, it costs at most this fraction of the time that the
/// image's systemd takes to its login prompt.
const OF_SYSTEM: f64 = 60.0;

/// Four at a time end at least so many times as often in a second as boots do.
const OF_RATE: f64 = 12.0;

/// The processors work for it at most this part of what they work for a boot.
///
/// When this goal was set, a test took 0.31 to 0.5 s of their time, and a boot about 3 s. Half of the
/// middle of that is a fifteenth.
const OF_WORK: f64 = 1.0 / 15.0;

/// How many times as much it may cost with a large binary as with a small one, at most.
const OF_PAYLOAD: f64 = 1.1;

/// A further idle VM takes at most this part of the memory of one that was booted …
const OF_MEMORY: f64 = 0.25;

/// … and at most so much disk, in KiB.
const DISK: f64 = 1024.0;

/// Judges the medians in seconds and the figures of rows, for which it asks by name.
///
/// What was not measured misses its goal.
pub(super) fn judge(
    median: impl Fn(&str) -> Option<f64>,
    figures: impl Fn(&str) -> Option<Figures>,
) -> Vec<Goal> {
    let costs = |guest: &str, local: &str| Some(median(guest)? - median(local)?);
    let in_boot = |boot: &str, guest: &str, times: Option<(f64, f64)>, least: Option<f64>| {
        Goal::of(
            &format!("{boot}, beside what `{guest}` costs over a local test"),
            times.map(|(boot, costs)| boot / costs),
            "x",
            least.map(Limit::AtLeast),
        )
    };
    let alone = |boot: &str, guest: &str, least: Option<f64>| {
        let times = median(boot).zip(costs(guest, "local"));
        in_boot(boot, guest, times, least)
    };
    let row_costs = |guest: &str| Some(figures(guest)?.p50 - figures("local")?.p50);
    let (machine, boot) = (figures(MACHINE_IN_ROWS), figures(BOOT));
    let boot_times = boot.map(|boot| boot.p50);
    let beside_boot = |value: &dyn Fn(Figures, Figures) -> f64| {
        machine
            .zip(boot)
            .map(|(machine, boot)| value(machine, boot))
    };
    let payloads =
        costs("restored, 150 MB", "local, 150 MB").zip(costs("restored, 5 MB", "local, 5 MB"));
    vec![
        alone(BOOT, "machine, ready", Some(OF_READY)),
        alone("systemd boot", "systemd, ready", Some(OF_SYSTEM)),
        alone(BOOT, "machine, restored", Some(OF_RESTORED)),
        alone("systemd boot", "systemd, restored", None),
        in_boot(
            BOOT,
            MACHINE_IN_ROWS,
            boot_times.zip(row_costs(MACHINE_IN_ROWS)),
            Some(OF_ROW),
        ),
        in_boot(
            "systemd boot",
            SYSTEM_IN_ROWS,
            median("systemd boot").zip(row_costs(SYSTEM_IN_ROWS)),
            Some(OF_SYSTEM),
        ),
        Goal::at_least(
            &format!("{MACHINE_IN_ROWS}: in a second, 4 at a time"),
            beside_boot(&|machine, boot| machine.rates[2] / boot.rates[2]),
            "x boots",
            OF_RATE,
        ),
        Goal::at_most(
            &format!("{MACHINE_IN_ROWS}: processor time for each, 1 at a time"),
            beside_boot(&|machine, boot| machine.work[0] / boot.work[0]),
            "x a boot",
            OF_WORK,
        ),
        Goal::at_most(
            "a debug binary of 150 MB",
            payloads.map(|(large, small)| large / small),
            "x what one of 5 MB costs",
            OF_PAYLOAD,
        ),
    ]
}

/// Judges what a further idle VM takes of memory and of disk, beside the memory of one that was
/// booted, all in KiB.
pub(super) fn of_room(booted: u64, memory: u64, disk: u64) -> [Goal; 2] {
    [
        Goal::at_most(
            "memory (PSS) of each further idle VM",
            Some(memory as f64 / booted as f64),
            "x one that was booted",
            OF_MEMORY,
        ),
        Goal::at_most(
            "disk of each further idle VM",
            Some(disk as f64),
            "KiB",
            DISK,
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn row(p50: f64, work: f64, rate: f64) -> Figures {
        Figures {
            p50,
            p99: p50,
            work: [work; 3],
            rates: [rate; 3],
        }
    }

    /// Judges a run in which all goals are met, with one median replaced, and the figures of one row.
    fn with(other: &str, seconds: Option<f64>, row_of: &str, figures: Option<Figures>) -> bool {
        let goals = judge(
            |name| match name {
                name if name == other => seconds,
                "kernel boot" => Some(3.0),
                "systemd boot" => Some(12.0),
                name if name.starts_with("local") => Some(0.01),
                "machine, ready" => Some(0.129),
                name if name.ends_with("ready") => Some(0.2),
                _ => Some(0.3),
            },
            |name| match name {
                name if name == row_of => figures,
                "local" => Some(row(0.01, 0.01, 100.0)),
                "kernel boot" => Some(row(3.0, 3.0, 0.5)),
                _ => Some(row(0.2, 0.2, 6.0)),
            },
        );
        goals.iter().all(Goal::is_met)
    }

    fn with_median(name: &str, seconds: Option<f64>) -> bool {
        with(name, seconds, "nothing else", None)
    }

    fn with_row(name: &str, figures: Option<Figures>) -> bool {
        with("nothing else", None, name, figures)
    }

    #[test]
    fn a_goal_is_met_up_to_its_part_of_a_boot() {
        assert!(with_median("nothing else", None));
        assert!(!with_median("machine, ready", Some(0.14)));
        assert!(!with_median("systemd, ready", Some(0.22)));
        assert!(!with_median("machine, restored", Some(0.4)));
        assert!(with_median("systemd, restored", Some(2.0)));
    }

    #[test]
    fn a_row_has_goals_for_its_time_its_rate_and_its_work() {
        assert!(with_row(MACHINE_IN_ROWS, Some(row(0.22, 0.2, 6.0))));
        assert!(!with_row(MACHINE_IN_ROWS, Some(row(0.23, 0.2, 6.0))));
        assert!(!with_row(MACHINE_IN_ROWS, Some(row(0.2, 0.21, 6.0))));
        assert!(!with_row(MACHINE_IN_ROWS, Some(row(0.2, 0.2, 5.9))));
        assert!(with_row(SYSTEM_IN_ROWS, Some(row(0.2, 9.0, 0.1))));
        assert!(!with_row(SYSTEM_IN_ROWS, Some(row(0.22, 0.2, 6.0))));
    }

    #[test]
    fn a_large_binary_costs_hardly_more_than_a_small_one() {
        assert!(with_median("restored, 150 MB", Some(0.32)));
        assert!(!with_median("restored, 150 MB", Some(0.34)));
    }

    #[test]
    fn an_idle_vm_takes_a_quarter_of_a_booted_one_and_a_mebibyte_of_disk() {
        let met = |memory, disk| of_room(400, memory, disk).iter().all(Goal::is_met);
        assert!(met(100, 1024));
        assert!(!met(101, 1024));
        assert!(!met(100, 1025));
        assert!(!of_room(0, 0, 0)[0].is_met());
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
            assert!(!with_median(name, None), "{name}");
        }
        for name in ["local", MACHINE_IN_ROWS, SYSTEM_IN_ROWS, BOOT] {
            assert!(!with_row(name, None), "{name}");
        }
    }
}
