//! Test binaries in guests that are kept when they fail.

use std::time::Duration;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::process::{await_that, instances, vm_test};
use vm_test_tests::publication::{runner, runner_variable};

/// Runs a shell script as if it were a test binary, keeping failures; returns its standard error.
fn script(host: &Host, script: &str, words: &[&str]) -> String {
    let mut command = host.vm_test();
    command
        .args([
            "runner",
            "--timeout",
            "2s",
            "host",
            "/bin/sh",
            "-c",
            script,
            "sh",
        ])
        .args(words)
        .env("VM_TEST_KEEP", "on-failure");
    String::from_utf8(command.output().unwrap().stderr).unwrap()
}

/// Returns the instance in the command that opens it.
pub(crate) fn kept_id(text: &str) -> Option<&str> {
    let (_, command) = text.split_once("the instance is kept for 30m; to open a shell in it: ")?;
    let (_, id) = command.lines().next()?.split_once("vm-test attach ")?;
    Some(id)
}

#[test]
fn what_fails_stays_and_can_be_opened() {
    let host = Host::new();
    for (end, state) in [("exit 3", ""), ("kill -SEGV $$", ""), ("sleep 1000", "T")] {
        let text = script(&host, &format!("echo here > /etc/left; {end}"), &[]);
        let id = kept_id(&text).unwrap_or_else(|| panic!("{end}: {text}"));
        let look = "cat /etc/left; ps -o stat= -C sleep | cut -c1";
        let attached = vm_test(&host, &["attach", id, "--", "sh", "-c", look]);
        assert_eq!(
            attached.out.trim(),
            format!("here\n{state}").trim(),
            "{end}"
        );
        assert_eq!(vm_test(&host, &["rm", id]).code(), Some(0));
    }
}

#[test]
fn what_passes_lists_or_is_interrupted_does_not_stay() {
    let host = Host::new();
    for (end, words) in [
        ("exit 0", &[][..]),
        ("exit 3", &["--list", "--format", "terse"]),
        ("kill -TERM $$", &[]),
    ] {
        let text = script(&host, end, words);
        assert!(!text.contains("kept"), "{end}: {text}");
    }
    await_that("all of them are gone", Duration::from_secs(10), || {
        instances(&host).is_empty()
    });
}

#[test]
fn under_nextest_the_failure_says_how_to_get_in() {
    let host = Host::new();
    let fixture = Fixture::new("runner");
    fixture.build(&host);
    let mut command = fixture.cargo(&host, &["nextest", "run", "moved_and_fails"]);
    let output = command
        .env(runner_variable(), runner("host"))
        .env("VM_TEST_KEEP", "on-failure")
        .output()
        .unwrap();
    let text = text_of(&output);
    let id = kept_id(&text).unwrap_or_else(|| panic!("{text}"));
    assert_eq!(
        vm_test(&host, &["attach", id, "--", "true"]).code(),
        Some(0)
    );
}
