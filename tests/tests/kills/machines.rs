//! VMs whose parts are killed at random moments: QEMU, the keeper, the daemon, the test process.
//! Spares are prepared and handed over meanwhile; spares have no test, so only VMs with a lease are
//! chosen.

use super::moment::{Moments, rounds};
use super::run::{Crowd, Run};
use super::{LINGER, PATIENCE, alone, instances, kill, window};
use rustix::process::Signal;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};
use vm_test_protocol::status::InstanceStatus;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;

/// How many tests each run has: a hundred in total if there are 50 rounds.
const TESTS: usize = 10;

/// What is killed, and what is reported about the test that it belongs to, or about all tests.
const VICTIMS: [(&str, &[&str]); 4] = [
    ("QEMU", &["died: QEMU was killed by signal 9"]),
    ("keeper", &["died: its keeper was killed by signal 9"]),
    ("daemon", &["daemon"]),
    ("test process", &[]),
];

/// How many more rounds there may be until each victim was hit: the moment of a kill is random.
const MORE: usize = 16;

/// How long a run may take until it has something that can be killed.
const BIRTH: Duration = Duration::from_secs(30);

/// The results of the rounds, for each victim.
#[derive(Debug, Default)]
struct Tally {
    hit: [usize; 4],
    failed: [usize; 4],
    passed: usize,
}

impl Tally {
    /// Returns whether each victim was hit, the end of a VM and of the daemon was noticed, and
    /// other tests went on.
    fn says_something(&self) -> bool {
        let [machine, keeper, daemon, _] = self.failed;
        let hit = self.hit.iter().all(|&count| count > 0);
        hit && machine + keeper > 0 && daemon > 0 && self.passed > 0
    }
}

/// Returns the QEMU of an instance: the only child of its keeper.
fn machine_of(keeper: u32) -> Option<u32> {
    let path = format!("/proc/{keeper}/task/{keeper}/children");
    let children = fs::read_to_string(path).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

/// Waits for a living instance of the run and returns one.
fn choose(host: &Host, run: &mut Run, moments: &mut Moments) -> Option<InstanceStatus> {
    let limit = Instant::now() + BIRTH;
    while Instant::now() < limit && !run.has_ended() {
        let mut living = instances::of(host);
        if !living.is_empty() {
            return Some(living.swap_remove(moments.below(living.len())));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

/// Kills the victim of this round; returns its test, if it is not all of them, or `None` if there
/// was no victim.
fn strike(
    what: usize,
    host: &Host,
    run: &mut Run,
    moments: &mut Moments,
) -> Option<Option<String>> {
    match what {
        0 | 1 => {
            let chosen = choose(host, run, moments)?;
            let victim = match what {
                0 => machine_of(chosen.keeper)?,
                _ => chosen.keeper,
            };
            kill(victim, Signal::KILL);
            Some(Some(chosen.purpose))
        }
        2 => {
            Daemon::of(host)?.kill();
            Some(None)
        }
        _ => {
            kill(run.pid(), Signal::KILL);
            Some(None)
        }
    }
}

#[test]
fn a_hundred_tests_on_machines_end_rightly_whatever_is_killed() {
    let _alone = alone();
    let mut moments = Moments::new();
    let host = Host::new().with_shared_store();
    host.build_images(Path::new("."), &["debian-12"]);
    let crowd = Crowd::build(&host).on("machine");
    let before = Census::take(&host);
    // Makes the template.
    crowd.passes(&host);
    let window = window(&crowd, &host, &mut moments, (TESTS, 4));
    let mut tally = Tally::default();
    let least = rounds(20).max(4) as usize;
    for round in 0..least + MORE {
        if round >= least && tally.says_something() {
            break;
        }
        let what = round % 4;
        let (kind, words) = VICTIMS[what];
        let tests = moments.tests(TESTS);
        let mut run = crowd.start(&host, &tests, 4, LINGER);
        let after = moments.pass(window);
        let struck = strike(what, &host, &mut run, &mut moments);
        let outcome = run.finish();
        outcome.assert_honest();
        let is_hit = struck.is_some() && (kind != "test process" || outcome.signal() == Some(9));
        tally.hit[what] += usize::from(is_hit);
        let victim = struck.flatten();
        for test in tests.iter().filter(|_| outcome.signal().is_none()) {
            if kind == "daemon" || victim.as_ref() == Some(test) {
                outcome.assert_passed_or_failed_for(test, words);
            } else {
                let verdict = outcome.verdict(test);
                assert_eq!(verdict, Some(true), "{kind}: {test}:\n{}", outcome.text);
            }
            match outcome.verdict(test) {
                Some(true) => tally.passed += 1,
                _ => tally.failed[what] += 1,
            }
        }
        // The next one finds everything it needs, and nothing is left of either, nor of the spares,
        // which end with the daemon.
        crowd.passes(&host);
        Daemon::of(&host).expect("a daemon").terminate();
        let left = before.settle(PATIENCE);
        assert_eq!(
            left, [""; 0],
            "round {round}, {kind} killed after {after:?}"
        );
    }
    eprintln!("of QEMU, keeper, daemon, test process: {tally:?}");
    assert!(tally.says_something(), "{tally:?}");
}
