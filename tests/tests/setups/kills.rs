//! What is left when something is killed while a set-up runs: all of its work or none, and nothing
//! else.

use crate::bench::Bench;
use rustix::process::Signal;
use std::time::{Duration, Instant};
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::process::Running;

/// How long everything may take until it is gone.
const PATIENCE: Duration = Duration::from_secs(10);

/// Waits until the set-up has written something.
fn await_work(bench: &Bench) {
    let limit = Instant::now() + PATIENCE;
    let has_begun = || {
        let mut all = bench.unfinished().into_iter();
        all.any(|path| path.join("files/srv-0").exists())
    };
    while !has_begun() {
        assert!(Instant::now() < limit, "{:?}", bench.unfinished());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until nothing is being made.
#[track_caller]
fn await_none(bench: &Bench) {
    let limit = Instant::now() + PATIENCE;
    while !bench.unfinished().is_empty() {
        assert!(Instant::now() < limit, "{:?}", bench.unfinished());
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Checks that the tests pass, and the set-up ran so often for them.
#[track_caller]
fn assert_pass(bench: &Bench, running: Running, runs: usize) {
    let finished = running.finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    assert!(finished.out.contains("2 passed"), "{finished:?}");
    let ended = finished.out.matches("the set-up has ended\n").count();
    assert_eq!(ended, runs, "{finished:?}");
    assert_eq!(bench.results().len(), 1);
}

#[test]
fn a_killed_test_leaves_nothing_of_its_set_up_and_another_one_runs_it() {
    let bench = Bench::new();
    let binary = bench.binary("slow");
    let before = Census::take(&bench.workshop.host);
    let killed = bench.start(&binary, "one", "1");
    await_work(&bench);
    let other = bench.start(&binary, "two", "2");
    let waits = "`two` waits: another test runs the set-up `slow::write` of guest `small`";
    let limit = Instant::now() + PATIENCE;
    while !other.errors_so_far().contains(waits) {
        assert!(Instant::now() < limit, "{}", other.errors_so_far());
        std::thread::sleep(Duration::from_millis(5));
    }
    killed.signal(Signal::KILL);
    let finished = other.finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    assert!(
        finished.err.contains("`two` runs the set-up `slow::write`"),
        "{finished:?}"
    );
    assert_eq!(bench.results().len(), 1);
    assert!(bench.unfinished().is_empty());
    bench.workshop.host.stop();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn a_test_that_is_killed_alone_leaves_nothing() {
    let bench = Bench::new();
    let binary = bench.binary("slow");
    let before = Census::take(&bench.workshop.host);
    let killed = bench.start(&binary, "one", "1");
    await_work(&bench);
    killed.signal(Signal::KILL);
    await_none(&bench);
    assert!(bench.results().is_empty());
    bench.workshop.host.stop();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
    assert!(bench.workshop.cleared().is_empty());
}

#[test]
fn tests_whose_daemon_is_killed_set_up_anew_with_the_next_one() {
    let bench = Bench::new();
    let binary = bench.binary("slow");
    let running = bench.start(&binary, "", "1");
    await_work(&bench);
    Daemon::of(&bench.workshop.host).expect("a daemon").kill();
    assert_pass(&bench, running, 1);
    await_none(&bench);
}

#[test]
fn what_a_killed_daemon_and_its_test_leave_is_swept() {
    let bench = Bench::new();
    let binary = bench.binary("slow");
    let killed = bench.start(&binary, "one", "1");
    await_work(&bench);
    killed.signal(Signal::STOP);
    Daemon::of(&bench.workshop.host).expect("a daemon").kill();
    killed.signal(Signal::KILL);
    drop(killed);
    assert!(!bench.unfinished().is_empty(), "nobody has swept it yet");
    assert!(bench.results().is_empty());
    assert_pass(&bench, bench.start(&binary, "", "2"), 1);
    await_none(&bench);
    bench.workshop.host.stop();
    assert!(bench.workshop.cleared().is_empty());
}
