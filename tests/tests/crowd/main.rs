//! Two hundred tests that make a mess, eight at a time, or two with a lab each: all pass, none sees another's files, and
//! afterwards the host is as it was.

use std::time::Duration;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// How long the host may take to be as it was, after the daemon has ended.
const PATIENCE: Duration = Duration::from_secs(5);

#[test]
fn two_hundred_tests_under_cargo_test_leave_nothing_once_the_daemon_is_told_to_end() {
    let (host, crowd) = (Host::new(), Fixture::new("crowd"));
    crowd.build(&host);
    let before = Census::take(&host);
    let mut command = crowd.cargo(&host, &["test", "--test", "crowd"]);
    command.args(["--", "--test-threads", "8"]);
    let output = command.output().expect("cargo starts");
    let text = text_of(&output);
    assert!(text.contains("200 passed; 0 failed; 2 ignored"), "{text}");
    let daemon = Daemon::of(&host).expect("the daemon is idle");
    let busy = Census::difference(&before, &Census::take(&host));
    let seen = format!("Process came: {} ", daemon.pid);
    assert!(busy.iter().any(|line| line.starts_with(&seen)), "{busy:#?}");
    daemon.terminate();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn two_hundred_tests_under_nextest_leave_nothing_once_the_daemon_has_been_idle() {
    let (host, crowd) = (Host::new(), Fixture::new("crowd"));
    crowd.build(&host);
    let before = Census::take(&host);
    let args = ["nextest", "run", "--test", "crowd", "--test-threads", "8"];
    let mut command = crowd.cargo(&host, &args);
    command.env("VM_TEST_IDLE_SECONDS", "1");
    let output = command.output().expect("cargo starts");
    let text = text_of(&output);
    assert!(
        text.contains("200 tests run: 200 passed, 2 skipped"),
        "{text}"
    );
    assert!(!text.contains("LEAK"), "{text}");
    if let Some(daemon) = Daemon::of(&host) {
        assert!(
            daemon.ends_within(Duration::from_secs(10)),
            "the daemon goes on"
        );
    }
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn two_hundred_tests_with_a_lab_each_two_at_a_time_leave_nothing() {
    let (host, crowd) = (Host::new(), Fixture::new("crowd"));
    crowd.build(&host);
    let before = Census::take(&host);
    let args = ["nextest", "run", "--test", "labs", "--test-threads", "2"];
    let output = crowd.cargo(&host, &args).output().expect("cargo starts");
    let text = text_of(&output);
    assert!(
        text.contains("200 tests run: 200 passed, 10 skipped"),
        "{text}"
    );
    assert!(!text.contains("LEAK"), "{text}");
    Daemon::of(&host).expect("the daemon is idle").terminate();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}
