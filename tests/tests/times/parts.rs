//! The parts of a test's time: each measured, none counted twice, and together not more than the
//! whole.

use crate::{LIMIT, fixture, lines, micros, run_of_nextest};
use std::time::{Duration, Instant};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;

#[test]
fn every_part_is_measured_and_all_of_them_fit_into_the_whole() {
    let (fixture, host) = fixture();
    let group = Group {
        targets: &["clocks"],
        filters: &["lxc::s60"],
        environment: &[],
        limit: LIMIT,
    };
    let began = Instant::now();
    let outcome = group.run(&fixture, &host, Runner::Nextest);
    let elapsed = u64::try_from(began.elapsed().as_micros()).unwrap();
    let lines = lines(&host, &fixture, &run_of_nextest(&outcome.text()));
    let [line] = lines.as_slice() else {
        panic!("not one line: {lines:#?}");
    };
    assert_eq!(line["test"], "lxc::s60");
    assert_eq!(line["package"], "keeping");
    assert_eq!(line["guest"], "lxc-plain");
    assert_eq!(line["schema"], 1);
    assert_eq!(line["kept"], false);
    let parts = ["wait_us", "boot_us", "start_us", "body_us"].map(|key| micros(line, key));
    let [wait, boot, start, body] = parts;
    assert!(wait < 1_000_000, "nobody was before it: {line}");
    assert!(boot > 1_000 && start > 100 && body >= 60_000, "{line}");
    assert!(micros(line, "rollback_us") > 100, "{line}");
    let whole = micros(line, "total_us");
    assert!(parts.iter().sum::<u64>() <= whole, "{line}");
    assert!(whole <= elapsed, "{line} in {elapsed} us");
}

#[test]
fn who_waits_for_room_has_waited_for_as_long_as_the_other_ran() {
    let (fixture, host) = fixture();
    let group = Group {
        targets: &["clocks"],
        filters: &["lxc::s250", "lxc::s400"],
        // Room for one at a time.
        environment: &[("VM_TEST_CPU_BUDGET", "1")],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::Nextest);
    let lines = lines(&host, &fixture, &run_of_nextest(&outcome.text()));
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let waited = lines.iter().map(|line| micros(line, "wait_us")).max();
    // One may ask later than the other, and then waits for the rest of its time only.
    let [one, other] = [0, 1].map(|index| micros(&lines[index], "began_us"));
    let waited = Duration::from_micros(waited.unwrap_or(0) + one.abs_diff(other));
    assert!(waited >= Duration::from_millis(250), "{lines:#?}");
    for line in &lines {
        // It does not also count as boot time, which itself has no limit.
        let parts = ["wait_us", "boot_us", "start_us", "body_us"].map(|key| micros(line, key));
        let whole = micros(line, "total_us");
        assert!(parts.iter().sum::<u64>() <= whole, "{line}");
    }
}
