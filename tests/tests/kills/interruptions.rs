//! Requested ends: nextest's time limit, Ctrl-C, SIGTERM. At nextest's SIGTERM the test process
//! ends the test in its guest before it dies, otherwise it only dies; the rest follows from that.

use super::instances::first_process_of;
use super::run::{Crowd, Run};
use super::{PATIENCE, alone, instances, kill, warm};
use rustix::process::Signal;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::time::{Duration, Instant};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::process::await_that;

/// How long an end at once may take: less than the ten seconds for which nextest waits for a test
/// process that it has told to end, and such a process for its guest.
const AT_ONCE: Duration = Duration::from_secs(9);

/// The time limit of profile `impatient`.
const LIMIT: Duration = Duration::from_secs(5);

/// The test that never ends.
const SLEEPS: &str = "forever::sleeps";

/// What is reported about it when its process is told to end.
const TOLD_TO_END: &str = "error: the test process on the host received SIGTERM before the test ended; the test was killed\n";

/// Waits until the test that never ends is in its guest.
pub(super) fn await_sleeper(host: &Host) {
    let limit = Instant::now() + Duration::from_secs(30);
    while instances::of(host).is_empty() {
        assert!(Instant::now() < limit, "the test does not start");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
}

/// Waits until the body of a test that runs alone has begun. Before that, the next daemon would
/// take the test over.
pub(super) fn await_begun(run: &Run) {
    await_that("the test sleeps", PATIENCE * 2, || {
        run.so_far().contains("sleeping\n")
    });
}

#[test]
fn nextests_time_limit_ends_a_test_at_once_and_leaves_nothing() {
    let _alone = alone();
    let (host, _, idle) = warm();
    let args = [
        "nextest",
        "run",
        "--profile",
        "impatient",
        "--run-ignored",
        "all",
    ];
    let mut command = Fixture::new("crowd").cargo(&host, &args);
    command.args(["-E", &format!("test(={SLEEPS})")]);
    let output = command.output().expect("cargo starts");
    let text = text_of(&output);
    assert!(text.contains("1 timed out"), "{text}");
    assert!(text.contains(TOLD_TO_END), "{text}");
    assert!(!text.contains("LEAK"), "{text}");
    // `TIMEOUT [   5.012s]`: until the time limit, and for the end.
    let seconds = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("TIMEOUT [")?.split_once("s]"))
        .find_map(|(seconds, _)| seconds.trim().parse::<f64>().ok());
    let limit = (LIMIT + AT_ONCE).as_secs_f64();
    assert!(seconds.is_some_and(|seconds| seconds < limit), "{text}");
    assert_eq!(idle.settle(PATIENCE), [""; 0]);
    Daemon::of(&host).expect("the daemon goes on").terminate();
}

#[test]
fn an_interrupted_nextest_leaves_nothing() {
    let _alone = alone();
    let (host, _, idle) = warm();
    let args = ["nextest", "run", "--run-ignored", "all"];
    let mut command = Fixture::new("crowd").cargo(&host, &args);
    command.args(["-E", &format!("test(={SLEEPS})")]);
    let nextest = command
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("cargo starts");
    await_sleeper(&host);
    // A terminal would send it to the whole group; cargo only waits.
    let group = rustix::process::Pid::from_child(&nextest);
    rustix::process::kill_process_group(group, Signal::INT).expect("it runs");
    let began = Instant::now();
    let output = nextest.wait_with_output().expect("it ends");
    let text = text_of(&output);
    assert!(began.elapsed() < AT_ONCE, "{text}");
    assert!(!output.status.success(), "{text}");
    assert!(!text.contains("LEAK"), "{text}");
    assert_eq!(idle.settle(PATIENCE), [""; 0]);
    Daemon::of(&host).expect("the daemon goes on").terminate();
}

#[test]
fn a_test_process_that_is_told_to_end_takes_its_guest_with_it() {
    let _alone = alone();
    let (host, crowd, idle) = warm();
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let run = crowd.start(&host, &[SLEEPS.to_owned()], 1, 0);
        await_sleeper(&host);
        kill(run.pid(), signal);
        let outcome = run.finish();
        assert_eq!(outcome.signal(), Some(signal.as_raw()), "{}", outcome.text);
        assert_eq!(outcome.verdict(SLEEPS), None, "{}", outcome.text);
        assert_eq!(idle.settle(PATIENCE), [""; 0], "{signal:?}");
    }
    Daemon::of(&host).expect("the daemon goes on").terminate();
}

#[test]
fn a_second_sigterm_waits_for_no_guest() {
    let _alone = alone();
    let (host, crowd, idle) = warm();
    for is_awake in [true, false] {
        let run = crowd.start_alone(&host, SLEEPS);
        await_begun(&run);
        let agent = instances::of(&host).iter().find_map(first_process_of);
        if !is_awake {
            kill(agent.expect("the guest's first process"), Signal::STOP);
        }
        let process = Daemon::at(run.pid()).expect("the test process");
        kill(run.pid(), Signal::TERM);
        if !is_awake {
            let waits = !process.ends_within(Duration::from_millis(500));
            assert!(waits, "it does not wait for its guest: {}", run.so_far());
            kill(run.pid(), Signal::TERM);
        }
        let ends = process.ends_within(AT_ONCE);
        assert!(ends, "it waits for its guest: {}", run.so_far());
        let outcome = run.finish();
        assert_eq!(outcome.signal(), Some(Signal::TERM.as_raw()));
        let is_told = outcome.text.contains(TOLD_TO_END);
        assert_eq!(is_told, is_awake, "{}", outcome.text);
        assert_eq!(idle.settle(PATIENCE), [""; 0]);
    }
    Daemon::of(&host).expect("the daemon goes on").terminate();
}

#[test]
fn a_daemon_that_is_told_to_end_says_so_to_its_tests_and_leaves_nothing() {
    let _alone = alone();
    let host = Host::new();
    let crowd = Crowd::build(&host);
    let before = vm_test_tests::census::Census::take(&host);
    let run = crowd.start_alone(&host, SLEEPS);
    await_begun(&run);
    Daemon::of(&host).expect("a daemon").terminate();
    run.finish().assert_failed_alone("daemon");
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}
