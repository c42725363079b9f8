//! Which results of a test cause its instance to be kept, and which do not.

use crate::{BACKENDS, PATIENCE, fixture, kept, kept_id};
use rustix::process::Signal;
use std::process::Command;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that, instances, vm_test};

/// Runs a test with this in its environment; returns whether its instance was kept.
#[track_caller]
fn keeps(fixture: &Fixture, host: &Host, test: &str, keep: Option<&str>, passes: bool) -> bool {
    let mut command = fixture.cargo(host, &["test", "--quiet", "--test", "endings"]);
    command.args(["--", "--exact", test]);
    if let Some(keep) = keep {
        command.env("VM_TEST_KEEP", keep);
    }
    let output = command.output().expect("cargo starts");
    let text = vm_test_tests::fixture::text_of(&output);
    assert_eq!(output.status.success(), passes, "{test}: {text}");
    let said = kept_id(&text);
    let listed = kept(host);
    assert_eq!(
        said.iter().collect::<Vec<_>>(),
        listed.iter().collect::<Vec<_>>(),
        "{test}: {text}"
    );
    for id in &listed {
        let removed = vm_test(host, &["rm", id]);
        assert_eq!(removed.out, format!("removed {id}\n"), "{removed:?}");
    }
    await_that("nothing is left", PATIENCE, || instances(host).is_empty());
    said.is_some()
}

#[test]
fn failures_are_kept_where_that_is_asked_for_and_nothing_else_is() {
    let (fixture, host) = fixture();
    for backend in BACKENDS {
        for (test, passes, keep, is_kept) in [
            ("leaves_things", false, None, true),
            ("returns_an_error", false, None, true),
            ("should_panic_and_does_not", false, None, true),
            ("stalls", false, None, true),
            ("passes", true, None, false),
            ("panics_as_it_should", true, None, false),
            ("leaves_things_to_nobody", false, None, false),
            // The variable overrides the configuration.
            ("leaves_things", false, Some("never"), false),
            ("leaves_things_to_nobody", false, Some("on-failure"), true),
        ] {
            let name = format!("{backend}::{test}");
            let kept = keeps(&fixture, &host, &name, keep, passes);
            assert_eq!(kept, is_kept, "{name} with {keep:?}");
        }
    }
}

#[test]
fn a_wrong_word_in_the_variable_is_refused_with_the_right_ones() {
    let (fixture, host) = fixture();
    let mut command = fixture.cargo(&host, &["test", "--quiet", "--test", "endings"]);
    let command = command
        .args(["--", "--exact", "lxc::passes"])
        .env("VM_TEST_KEEP", "yes");
    let output = command.output().expect("cargo starts");
    let text = vm_test_tests::fixture::text_of(&output);
    assert!(!output.status.success());
    assert!(
        text.contains(
            "cannot use VM_TEST_KEEP: \"yes\" is not one of its values\nhint: set VM_TEST_KEEP=on-failure, or "
        ),
        "{text}"
    );
}

#[test]
fn a_test_process_that_is_killed_leaves_nothing_even_where_failures_are_kept() {
    let (fixture, host) = fixture();
    for backend in BACKENDS {
        for signal in [Signal::TERM, Signal::KILL] {
            let binary = binary(&fixture, &host);
            let mut command = Command::new(binary);
            host.adopt(&mut command)
                .args(["--exact", "--nocapture"])
                .arg(format!("{backend}::waits_to_be_killed"))
                .env("CARGO_MANIFEST_DIR", fixture.directory());
            let running = Running::start(&mut command);
            await_that("its instance is alive", PATIENCE, || {
                !instances(&host).is_empty()
            });
            running.signal(signal);
            await_that("its instance is gone", PATIENCE, || {
                instances(&host).is_empty()
            });
            let finished = running.finish();
            assert_eq!(finished.code(), None, "{finished:?}");
        }
    }
}

/// Returns the test binary of the fixture.
fn binary(fixture: &Fixture, host: &Host) -> String {
    let args = [
        "test",
        "--no-run",
        "--test",
        "endings",
        "--message-format=json",
    ];
    let output = fixture.cargo(host, &args).output().expect("cargo starts");
    let messages = String::from_utf8_lossy(&output.stdout).into_owned();
    let found = messages.lines().find_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(message["executable"].as_str()?.to_owned())
    });
    found.expect("the binary of the test target")
}

#[test]
fn both_runners_show_the_command() {
    let (fixture, host) = fixture();
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let run = fixture.run(&host, runner, "lxc::leaves_things");
        let words = "vm-test: the instance is kept for 5m; to open a shell in it: ";
        assert_eq!(run.text.matches(words).count(), 1, "{}", run.text);
    }
}
