//! SIGKILL at random moments: of the test process, the daemon, the keeper. Whatever dies,
//! everything that belonged to it is soon gone, and the tests report truthfully what became of
//! them.

mod instances;
mod interruptions;
mod labs;
mod leftovers;
mod machines;
mod moment;
mod run;
mod starts;

use moment::{Moments, rounds};
use run::Crowd;
use rustix::process::{Pid, Signal, kill_process};
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};
use vm_test_tests::census::{Census, Kind};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;

/// How long after the end of what ran beside a kill the host may take to be as it was.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many times as many rounds there may be until enough kills have hit something: their moments
/// are random.
const MOST: u32 = 4;

/// How often a run is measured: one that was disturbed takes longer than those that are killed.
const MEASURED: usize = 3;

/// How long a test stays after its work, so that there is something to kill.
const LINGER: u64 = 60;

/// What only the next daemon can remove.
const SWEPT: [Kind; 2] = [Kind::ControlGroup, Kind::File];

/// The tests of this file examine the whole host, so only one at a time may run.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(|poison| poison.into_inner())
}

/// Returns a host whose daemon has already served a lease, and its census.
fn warm() -> (Host, Crowd, Census) {
    let host = Host::new();
    let crowd = Crowd::build(&host);
    crowd.passes(&host);
    // The daemon notices a lease's end, and destroys the instance, a little after the test has
    // ended.
    let limit = Instant::now() + PATIENCE;
    while !instances::of(&host).is_empty() {
        assert!(Instant::now() < limit, "an instance outlives its lease");
        std::thread::sleep(Duration::from_millis(5));
    }
    let idle = Census::take(&host);
    (host, crowd, idle)
}

/// Returns the longest time from the start of a run with this many tests and threads to a kill:
/// about the duration of a run.
fn window(
    crowd: &Crowd,
    host: &Host,
    moments: &mut Moments,
    (tests, threads): (usize, usize),
) -> Duration {
    let measured = (0..MEASURED).map(|_| {
        let tests = moments.tests(tests);
        let began = Instant::now();
        crowd.start(host, &tests, threads, LINGER).finish();
        began.elapsed()
    });
    measured.min().expect("it was measured")
}

#[track_caller]
fn kill(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
    // It may just have ended by itself.
    let _ = kill_process(pid, signal);
}

/// Ends the daemon, and asserts that the host is as it was before there was one.
#[track_caller]
fn assert_ends_well(host: &Host, before: &Census) {
    Daemon::of(host).expect("a daemon").terminate();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn a_killed_test_process_takes_its_guests_with_it_and_nobody_elses() {
    let _alone = alone();
    let mut moments = Moments::new();
    let empty = Census::take(&Host::new());
    let (host, crowd, idle) = warm();
    let window = window(&crowd, &host, &mut moments, (4, 3));
    let (least, mut cut_short) = (rounds(36), 0);
    for round in 0..least * MOST {
        if round >= least && cut_short * 4 > least {
            break;
        }
        let (victims, others) = (moments.tests(4), moments.tests(3));
        let victim = crowd.start(&host, &victims, 3, LINGER);
        let other = crowd.start(&host, &others, 2, LINGER);
        let after = moments.pass(window);
        kill(victim.pid(), Signal::KILL);
        let (victim, other) = (victim.finish(), other.finish());
        let left = idle.settle(PATIENCE);
        assert_eq!(left, [""; 0], "round {round}, killed after {after:?}");
        cut_short += u32::from(victim.signal() == Some(9));
        victim.assert_honest();
        other.assert_honest();
        for test in &others {
            assert_eq!(other.verdict(test), Some(true), "{}", other.text);
        }
    }
    assert!(
        cut_short * 4 > least,
        "only {cut_short} runs were cut short"
    );
    Daemon::of(&host).expect("the daemon goes on").terminate();
    drop(host);
    assert_eq!(empty.settle(PATIENCE), [""; 0]);
}

#[test]
fn a_killed_keeper_fails_its_own_test_by_name_and_no_other() {
    let _alone = alone();
    let mut moments = Moments::new();
    let (host, crowd, idle) = warm();
    let window = window(&crowd, &host, &mut moments, (5, 3));
    let (least, mut killed) = (rounds(32), 0);
    for round in 0..least * MOST {
        if round >= least && killed * 2 > least {
            break;
        }
        let tests = moments.tests(5);
        let run = crowd.start(&host, &tests, 3, LINGER);
        let after = moments.pass(window);
        let instances = instances::of(&host);
        let chosen = (!instances.is_empty()).then(|| &instances[moments.below(instances.len())]);
        let mut words = ["died: its keeper was killed by signal 9"].as_slice();
        if let Some(instance) = chosen {
            let first = instances::first_process_of(instance);
            // Now and then it is the guest's own first process, if that exists.
            let victim = first.filter(|_| moments.below(3) == 0);
            if victim.is_some() {
                words = &[
                    "died: its first process was killed by signal 9",
                    "cannot start instance",
                ];
            }
            kill(victim.unwrap_or(instance.keeper), Signal::KILL);
            killed += 1;
        }
        let outcome = run.finish();
        let left = idle.settle(PATIENCE);
        assert_eq!(
            left, [""; 0],
            "round {round}, killed {chosen:?} after {after:?}"
        );
        outcome.assert_honest();
        for test in &tests {
            if chosen.is_some_and(|instance| instance.purpose == *test) {
                outcome.assert_passed_or_failed_for(test, words);
            } else {
                assert_eq!(
                    outcome.verdict(test),
                    Some(true),
                    "{test}:\n{}",
                    outcome.text
                );
            }
        }
    }
    assert!(killed * 2 > least, "only {killed} keepers were killed");
    Daemon::of(&host).expect("the daemon goes on").terminate();
}

#[test]
fn a_killed_daemon_takes_all_guests_with_it_and_the_next_run_works_at_once() {
    let _alone = alone();
    let mut moments = Moments::new();
    let host = Host::new();
    let crowd = Crowd::build(&host);
    let before = Census::take(&host);
    let window = window(&crowd, &host, &mut moments, (3, 3));
    let (least, mut failed) = (rounds(32), 0);
    for round in 0..least * MOST {
        if round >= least && failed * 2 > least {
            break;
        }
        crowd.passes(&host);
        let tests = moments.tests(3);
        let run = crowd.start(&host, &tests, 3, LINGER);
        let after = moments.pass(window);
        Daemon::of(&host).expect("a daemon").kill();
        let outcome = run.finish();
        outcome.assert_honest();
        for test in &tests {
            outcome.assert_passed_or_failed_for(test, &["daemon"]);
            failed += u32::from(outcome.verdict(test) == Some(false));
        }
        // A test that came after the kill has started another daemon.
        if Daemon::of(&host).is_none() {
            let left = before.settle_but(PATIENCE, &SWEPT);
            assert_eq!(left, [""; 0], "round {round}, killed after {after:?}");
        }
        crowd.passes(&host);
        assert_ends_well(&host, &before);
    }
    assert!(failed * 2 > least, "only {failed} tests noticed");
}
