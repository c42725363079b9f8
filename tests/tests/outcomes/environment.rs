//! The effect of the caller's environment on a test on a guest.

use super::fixture;
use super::words::line_fits;
use std::time::Duration;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::patience::{self, Finished};
use vm_test_tests::place::Place;

/// Longer than a test takes that fails at once, but shorter than the time limit of a guest.
const AT_ONCE: Duration = Duration::from_secs(40);

/// Variables with this prefix are forwarded to every guest.
const HANDED_ON: &str = "LC_LARGE_";

/// About the longest value that the kernel allows; and more variables than a guest is given.
const LENGTH: usize = 120_000;
const COUNT: usize = 10;

/// Runs one test of the twins with these variables.
fn run(runner: Runner, test: &str, environment: &[(String, String)]) -> Finished {
    let (fixture, host) = fixture(Place::Container);
    let group = Group {
        targets: &["twins"],
        filters: &["--exact", test],
        environment: &[],
        limit: AT_ONCE,
    };
    let mut command = group.command(&fixture, &host, runner);
    command.envs(environment.iter().cloned());
    patience::run(&mut command, AT_ONCE)
}

#[test]
fn an_environment_that_is_too_long_for_a_guest_fails_the_test_at_once_and_is_named() {
    let variable = |number| (format!("{HANDED_ON}{number}"), "x".repeat(LENGTH));
    let environment: Vec<_> = (0..COUNT).map(variable).collect();
    let finished = run(Runner::CargoTest, "guest::returning", &environment);
    let text = finished.stdout.text();
    assert_eq!(finished.code, Some(101), "{text}");
    for pattern in [
        "error: cannot send the test to the guest: frame too large: …",
        "hint: the variables passed to the guest are too long; name fewer or shorter ones in `env`",
    ] {
        let says = text.lines().any(|line| line_fits(pattern, line));
        assert!(says, "it does not say `{pattern}`:\n{text}");
    }
}

#[test]
fn a_backtrace_that_is_asked_for_is_the_guests_and_comes_once() {
    let wanted = [("RUST_BACKTRACE".to_owned(), "1".to_owned())];
    for (runner, code) in [(Runner::CargoTest, 101), (Runner::Nextest, 100)] {
        let finished = run(runner, "guest::panicking_with_a_string", &wanted);
        let text = finished.stdout.text() + &finished.stderr.text();
        assert_eq!(finished.code, Some(code), "{text}");
        assert_eq!(text.matches("stack backtrace:").count(), 1, "{text}");
        let is_in_the_test = |line: &str| line.trim_start().starts_with("at ./tests/twins.rs:");
        assert!(text.lines().any(is_in_the_test), "{text}");
    }
}
