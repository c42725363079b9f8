//! A booted guest that was kept when its test failed: its services still run, and its console can
//! be read.

use super::{LIMIT, assert_refused, has_groups, prepared};
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::patience;

/// Makes a test of the fixture fail where failures are kept; returns the output of nextest and the
/// test.
fn fail(host: &Host, fixture: &Fixture, test: &str) -> String {
    fixture.build(host);
    let mut command = fixture.cargo(host, &["nextest", "run"]);
    command
        .args(["-E", &format!("test(={test})")])
        .env("VM_TEST_KEEP", "on-failure");
    let output = command.output().expect("cargo starts");
    assert!(!output.status.success());
    text_of(&output)
}

/// Runs `vm-test` with these arguments where the fixture's tests ran.
fn ask(host: &Host, fixture: &Fixture, args: &[&str]) -> (Option<i32>, String) {
    let mut command = host.vm_test();
    command
        .args(args)
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target());
    let finished = patience::run(&mut command, LIMIT);
    (
        finished.code,
        finished.stdout.text() + &finished.stderr.text(),
    )
}

#[test]
fn its_services_still_run_and_its_console_can_be_read() {
    let (host, fixture) = prepared(&["debian-12-systemd"]);
    let text = fail(&host, &fixture, "a_test_that_takes_too_long");
    if !has_groups() {
        return assert_refused("server", &text);
    }
    let (_, rest) = text
        .split_once("vm-test attach ")
        .unwrap_or_else(|| panic!("nothing is kept: {text}"));
    let id = rest.lines().next().expect("its name");
    let command = ["attach", id, "--", "systemctl", "is-system-running"];
    assert_eq!(
        ask(&host, &fixture, &command),
        (Some(0), "running\n".to_owned())
    );
    let stopped = "grep -h State /proc/$(pgrep -o -f a_test_that_takes_too_long)/status";
    let command = ["attach", id, "--", "sh", "-c", stopped];
    assert_eq!(
        ask(&host, &fixture, &command).1,
        "State:\tT (stopped)\n",
        "{text}"
    );
    for is_alive in [true, false] {
        let (code, log) = ask(&host, &fixture, &["logs", id]);
        assert_eq!(code, Some(0), "{log}");
        let (_, console) = log.split_once("--- console\n").expect("its console");
        assert!(console.contains("Reached target "), "{log}");
        assert!(
            log.contains("was stopped (SIGSTOP) for inspection\n"),
            "{log}"
        );
        if is_alive {
            let (code, removed) = ask(&host, &fixture, &["rm", id]);
            assert_eq!((code, removed), (Some(0), format!("removed {id}\n")));
        }
    }
}

#[test]
fn a_guest_that_does_not_come_up_is_not_kept_and_is_written_down() {
    let (host, fixture) = prepared(&["debian-12-systemd", "system-endless"]);
    let text = fail(&host, &fixture, "a_test_on_an_endless_boot");
    if !has_groups() {
        return assert_refused("endless", &text);
    }
    assert!(!text.contains("vm-test attach"), "{text}");
    let (_, rest) = text.split_once("Nextest run ID ").expect("its name");
    let run = rest.split(' ').next().expect("its name");
    let (code, report) = ask(&host, &fixture, &["report", "--json", run]);
    assert_eq!(code, Some(0), "{report}");
    let report: serde_json::Value = serde_json::from_str(&report).expect("JSON");
    let line = &report["tests"][0];
    assert_eq!(line["outcome"], "no-instance", "{report}");
    assert!(line["body_us"].is_null(), "{report}");
    let boot = line["boot_us"].as_u64().expect("a time");
    assert!(boot >= 10_000_000, "{report}");
    let id = line["instance"].as_str().expect("a name");
    let (_, log) = ask(&host, &fixture, &["logs", id]);
    assert!(log.contains("it was not up within 10s"), "{log}");
}
