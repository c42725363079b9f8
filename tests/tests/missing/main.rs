//! Guests that are not available on this host: the test fails, or, if the user has chosen that, is
//! skipped visibly.

use std::process::{Command, Output};
use vm_test_tests::fixture::{Fixture, Runner, text_of};
use vm_test_tests::host::Host;

/// The tests whose guest is missing.
const ABSENT: [&str; 4] = [
    "returns_nothing",
    "returns_a_result",
    "panics",
    "panics_with_words",
];

const REASON: &str = "cannot use image `never-built`: it is not in the store";

/// Runs the fixture; returns whether the runner succeeded, and its output.
fn run(host: &Host, runner: Runner, policy: Option<&str>, passed_on: &[&str]) -> (bool, String) {
    let fixture = Fixture::new("missing");
    let mut command: Command = match runner {
        Runner::CargoTest => {
            let mut command = fixture.cargo(host, &["test", "--test", "absent"]);
            command.arg("--").args(passed_on);
            command
        }
        Runner::Nextest => {
            // It shows no output of tests that pass.
            let mut command = fixture.cargo(host, &["nextest", "run", "--no-fail-fast"]);
            command.args(passed_on);
            command
        }
    };
    if let Some(policy) = policy {
        command.env("VM_TEST_MISSING", policy);
    }
    let output = command.output().expect("cargo starts");
    (output.status.success(), text_of(&output))
}

#[test]
fn without_a_word_from_the_user_they_fail() {
    let host = Host::new();
    for policy in [None, Some("fail")] {
        let (success, text) = run(&host, Runner::CargoTest, policy, &[]);
        assert!(!success, "{text}");
        assert!(text.contains("1 passed; 4 failed"), "{text}");
        assert!(text.contains(REASON), "{text}");
        assert!(!text.contains("skipped: "), "{text}");
    }
}

#[test]
fn with_the_users_word_they_are_named_and_counted() {
    let host = Host::new();
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let (success, text) = run(&host, runner, Some("skip"), &[]);
        assert!(success, "{text}");
        for test in ABSENT {
            let line = format!("vm-test: skipped: missing::{test}: {REASON}");
            assert_eq!(text.matches(&line).count(), 1, "{line}:\n{text}");
        }
        assert!(text.contains("; 4 in this run, listed in "), "{text}");
        assert!(!text.contains("; 5 in this run"), "{text}");
        let (_, rest) = text.split_once("; 4 in this run, listed in ").unwrap();
        let (list, _) = rest.split_once(".txt").expect("the name of a file");
        let (_, run) = list.rsplit_once('/').expect("a path");
        // The second is that of `build.target-dir` in cargo's configuration.
        for variable in ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"] {
            let listed = text_of(&skipped(&host, variable, run));
            for test in ABSENT {
                assert!(
                    listed.contains(&format!("skipped: missing::{test}: {REASON}")),
                    "{listed}"
                );
            }
            let count = format!("4 tests were skipped in run {run}\n");
            assert!(listed.contains(&count), "{listed}");
        }
    }
}

/// Runs `vm-test skipped` in the fixture's directory, with the target directory in a variable;
/// other suites have runs there, too.
fn skipped(host: &Host, variable: &str, run: &str) -> Output {
    let fixture = Fixture::new("missing");
    let mut command = host.vm_test();
    command
        .args(["skipped", run])
        .current_dir(fixture.directory())
        .env(variable, fixture.target());
    command.output().expect("vm-test starts")
}

#[test]
fn mistakes_are_never_skipped() {
    let host = Host::new();
    let undeclared = [
        "--include-ignored",
        "--exact",
        "has_a_guest_that_nobody_declares",
    ];
    let (success, text) = run(&host, Runner::CargoTest, Some("skip"), &undeclared);
    assert!(!success, "{text}");
    assert!(text.contains("cannot find guest `undeclared`"), "{text}");
    let (success, text) = run(
        &host,
        Runner::CargoTest,
        Some("yes"),
        &["--exact", "is_there"],
    );
    assert!(!success, "{text}");
    assert!(
        text.contains("cannot use VM_TEST_MISSING: \"yes\" is not one of its values"),
        "{text}"
    );
    assert!(text.contains("hint: set VM_TEST_MISSING=skip"), "{text}");
}

#[test]
fn a_helper_that_is_no_test_itself_is_never_skipped() {
    let host = Host::new();
    let helped = [
        "--include-ignored",
        "--nocapture",
        "--exact",
        "goes_on_behind_a_helper",
    ];
    let (success, text) = run(&host, Runner::CargoTest, Some("skip"), &helped);
    assert!(!success, "{text}");
    assert!(text.contains(REASON), "{text}");
    assert!(!text.contains("beside the guest"), "{text}");
    assert!(!text.contains("skipped: "), "{text}");
}
