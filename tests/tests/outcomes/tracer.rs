//! A test under a tracer, as nextest's `--tracer` and `--debugger` start it: it ends as usual, and
//! reports where its body is.

use super::{fixture, limit};
use std::process::Command;
use vm_test_tests::patience;
use vm_test_tests::place::Place;

/// Where the test runs.
const PLACE: Place = Place::Container;

const TEST: &str = "guest::printing_and_passing";

#[test]
fn a_tracer_that_follows_all_processes_does_not_wait_for_the_daemon_and_learns_where_the_body_is() {
    let (fixture, host) = fixture(PLACE);
    let mut command = Command::new("strace");
    host.adopt(&mut command)
        .args(["-f", "-o", "/dev/null"])
        .arg(fixture.binary(&host, "twins"))
        .args(["--exact", TEST, "--nocapture"])
        .current_dir(fixture.directory())
        // Longer than the test may take.
        .env("VM_TEST_IDLE_SECONDS", "3600");
    let finished = patience::run(&mut command, limit(PLACE));
    let text = finished.stdout.text() + &finished.stderr.text();
    assert_eq!(finished.code, Some(0), "{text}");
    let words = format!(
        "vm-test: strace follows this process, but the body of `{TEST}` runs in guest `{}`; to follow it there: ",
        PLACE.guest()
    );
    let command = format!(" debug {} --under 'strace -f' -- '{TEST}'", PLACE.guest());
    let line = text.lines().find(|line| line.starts_with(&words));
    assert!(line.is_some_and(|line| line.ends_with(&command)), "{text}");
    assert!(host.has_daemon(), "the daemon has ended with the tracer");
}
