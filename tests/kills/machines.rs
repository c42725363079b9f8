//! Machines of their own whose parts are killed at random moments: QEMU, the keeper, the daemon, the test process.

use super::moment::{Moments, rounds};
use super::run::Crowd;
use super::{PATIENCE, SWEPT, alone, instances, kill};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;

/// How many tests each of the runs has; all together they are a hundred, if there are 50 rounds in all.
const TESTS: usize = 10;

/// How long a test stays after its work, in milliseconds.
const LINGER: u64 = 60;

/// What is said of a test whose machine, keeper or daemon is gone.
const CAUSES: [&str; 5] = [
    "died: QEMU was killed by signal 9",
    "died: its keeper was killed by signal 9",
    "daemon",
    "cannot start instance",
    "cannot make a template",
];

/// QEMU of an instance: the only child of its keeper.
fn machine_of(keeper: u32) -> Option<u32> {
    let path = format!("/proc/{keeper}/task/{keeper}/children");
    let children = fs::read_to_string(path).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

#[test]
fn a_hundred_tests_on_machines_end_rightly_whatever_is_killed() {
    let _alone = alone();
    let mut moments = Moments::new();
    let host = Host::new().with_shared_store();
    host.build_images(Path::new("."), &["debian-12"]);
    let crowd = Crowd::build(&host).on("machine");
    let before = Census::take(&host);
    // The template is made, and it is seen how long a run takes.
    crowd.passes(&host);
    let began = std::time::Instant::now();
    crowd
        .start(&host, &moments.tests(TESTS), 4, LINGER)
        .finish();
    let window = began.elapsed();
    let (mut hit, mut passed, mut failed) = ([0; 4], 0, 0);
    // Each of the four is hit at least once.
    for round in 0..rounds(20).max(4) as usize {
        let tests = moments.tests(TESTS);
        let run = crowd.start(&host, &tests, 4, LINGER);
        let after = moments.pass(window);
        let living = instances::of(&host);
        let chosen = (!living.is_empty()).then(|| living[moments.below(living.len())].keeper);
        let what = round % 4;
        match (what, chosen) {
            (0, Some(keeper)) => {
                if let Some(machine) = machine_of(keeper) {
                    kill(machine, Signal::KILL);
                    hit[0] += 1;
                }
            }
            (1, Some(keeper)) => {
                kill(keeper, Signal::KILL);
                hit[1] += 1;
            }
            (2, _) => {
                if let Some(daemon) = Daemon::of(&host) {
                    daemon.kill();
                    hit[2] += 1;
                }
            }
            (3, _) => {
                kill(run.pid(), Signal::KILL);
                hit[3] += 1;
            }
            _ => {}
        }
        let outcome = run.finish();
        outcome.assert_honest();
        if outcome.signal().is_none() {
            for test in &tests {
                outcome.assert_passed_or_failed_for(test, &CAUSES);
                match outcome.verdict(test) {
                    Some(true) => passed += 1,
                    _ => failed += 1,
                }
            }
        }
        if Daemon::of(&host).is_none() {
            let left = before.settle_but(PATIENCE, &SWEPT);
            assert_eq!(left, [""; 0], "round {round}, killed after {after:?}");
        }
        crowd.passes(&host);
    }
    eprintln!(
        "killed {hit:?} (QEMU, keeper, daemon, test process); {passed} tests passed, {failed} failed"
    );
    assert!(hit[2] > 0 && hit[3] > 0 && hit[0] + hit[1] > 0, "{hit:?}");
    assert!(passed > 0);
    if let Some(daemon) = Daemon::of(&host) {
        daemon.terminate();
    }
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}
