//! Labs whose parts are killed at random moments: the test process, the daemon, the keeper of the
//! lab, the keeper of a node, a QEMU.

use super::moment::Moments;
use super::run::{Crowd, Run};
use super::{LINGER, PATIENCE, alone, instances, kill, window};
use rustix::process::Signal;
use std::path::Path;
use std::time::{Duration, Instant};
use vm_test_tests::campaign;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;
use vm_test_tests::process::parents;

/// What is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    TestProcess,
    Daemon,
    KeeperOfALab,
    KeeperOfANode,
    FirstProcessOfANode,
}

const VICTIMS: [Victim; 5] = [
    Victim::KeeperOfALab,
    Victim::KeeperOfANode,
    Victim::FirstProcessOfANode,
    Victim::TestProcess,
    Victim::Daemon,
];

/// How many times as many rounds there may be until enough kills have hit something: their moments
/// are random.
const MOST: u32 = 3;

/// How long a run may take until it has something that can be killed.
const BIRTH: Duration = Duration::from_secs(30);

/// Kills a victim; returns the test that it belongs to, if that is one, or `None` if there was no
/// victim.
fn strike(
    what: Victim,
    host: &Host,
    run: &mut Run,
    moments: &mut Moments,
) -> Option<Option<String>> {
    match what {
        Victim::TestProcess => {
            kill(run.pid(), Signal::KILL);
            return Some(None);
        }
        Victim::Daemon => {
            Daemon::of(host)?.kill();
            return Some(None);
        }
        Victim::KeeperOfALab | Victim::KeeperOfANode | Victim::FirstProcessOfANode => {}
    }
    let limit = Instant::now() + BIRTH;
    while Instant::now() < limit && !run.has_ended() {
        let mut living = instances::of(host);
        if living.is_empty() {
            std::thread::sleep(Duration::from_millis(2));
            continue;
        }
        let chosen = living.swap_remove(moments.below(living.len()));
        let victim = match what {
            Victim::KeeperOfALab => parents().get(&chosen.keeper).copied()?,
            Victim::KeeperOfANode => chosen.keeper,
            _ => instances::first_process_of(&chosen)?,
        };
        kill(victim, Signal::KILL);
        return Some(Some(chosen.purpose));
    }
    None
}

/// Runs tests, of which `pick` chooses some, kills something in each round, and checks verdicts and
/// host.
fn campaign(crowd: &Crowd, host: &Host, least: u32, pick: impl Fn(&mut Moments) -> Vec<String>) {
    let mut moments = Moments::new();
    let before = Census::take(host);
    crowd.passes(host);
    let window = window(crowd, host, &mut moments, (4, 2));
    let (mut hit, mut cut_short) = (0, 0);
    for round in 0..least * MOST {
        if round >= least && hit >= least && cut_short * 4 > least {
            break;
        }
        let what = VICTIMS[round as usize % VICTIMS.len()];
        let tests = pick(&mut moments);
        let mut run = crowd.start(host, &tests, 2, LINGER);
        let after = moments.pass(window);
        let struck = strike(what, host, &mut run, &mut moments);
        let outcome = run.finish();
        outcome.assert_honest();
        hit += u32::from(struck.is_some());
        let victim = struck.flatten();
        let all = matches!(what, Victim::TestProcess | Victim::Daemon);
        for test in tests.iter().filter(|_| outcome.signal().is_none()) {
            let verdict = outcome.verdict(test);
            let may_fail = all || victim.as_ref() == Some(test);
            assert!(
                verdict == Some(true) || may_fail && verdict == Some(false),
                "{what:?}: {test}: {verdict:?}:\n{}",
                outcome.text
            );
            cut_short += u32::from(verdict == Some(false));
        }
        cut_short += u32::from(outcome.signal().is_some());
        // The next one finds everything it needs, and nothing is left of either.
        crowd.passes(host);
        Daemon::of(host).expect("a daemon").terminate();
        let left = before.settle(PATIENCE);
        assert_eq!(left, [""; 0], "round {round}, {what:?} after {after:?}");
    }
    eprintln!("{hit} kills hit something, {cut_short} tests or runs were cut short");
    assert!(hit >= least && cut_short * 4 > least);
}

#[test]
fn labs_of_containers_end_rightly_whatever_is_killed() {
    let _alone = alone();
    let host = Host::new();
    let crowd = Crowd::of(&host, "labs", "g19::t9");
    campaign(&crowd, &host, campaign::length(60, 5), |moments| {
        moments.tests(4)
    });
}

#[test]
fn labs_with_vms_end_rightly_whatever_is_killed() {
    let _alone = alone();
    let host = Host::new().with_shared_store();
    host.build_images(Path::new("."), &["debian-12"]);
    let crowd = Crowd::of(&host, "labs", "machines::t9");
    campaign(&crowd, &host, campaign::length(40, 4), |_| {
        (0..4).map(|test| format!("machines::t{test}")).collect()
    });
}
