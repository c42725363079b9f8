//! Ignored tests that are run on request, and the command that a failed one names for running it
//! again.

use super::rows::ensure;
use super::{fixture, limit};
use std::process::Command;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::patience;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{self, Failed, Passed};

const TABLE: [(&str, Ending); 4] = [
    ("guest::ignored_and_failing", Failed),
    ("guest::ignored_and_passing", Passed),
    ("local::ignored_and_failing", Failed),
    ("local::ignored_and_passing", Passed),
];

pub(crate) fn an_ignored_test_runs_when_it_is_asked_for_and_so_does_the_command_that_it_names(
    place: Place,
) {
    let (fixture, host) = fixture(place);
    let group = Group {
        targets: &["twins"],
        filters: &["--ignored"],
        environment: &[],
        limit: limit(place),
    };
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let outcome = group.run(&fixture, &host, runner);
        let tests = outcome.tests.iter();
        let endings: Vec<_> = tests
            .map(|(name, told)| (name.as_str(), told.ending))
            .collect();
        assert_eq!(endings, TABLE, "{}", outcome.text());
        let told = &outcome.tests["guest::ignored_and_failing"];
        let text = format!("{}{}", told.stdout, told.stderr);
        let command = text
            .lines()
            .find_map(|line| line.split_once("; to re-run: "))
            .map(|(_, command)| command)
            .expect("the failed test names a command");
        runs_that_test_alone(place, &fixture, &host, command).unwrap();
    }
}

/// Runs the command in a shell in the fixture's directory, as a user would.
fn runs_that_test_alone(
    place: Place,
    fixture: &Fixture,
    host: &Host,
    command: &str,
) -> Result<(), String> {
    let mut shell = Command::new("sh");
    host.adopt(&mut shell)
        .args(["-c", command])
        .env("CARGO_TARGET_DIR", fixture.target())
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(fixture.directory());
    let finished = patience::run(&mut shell, limit(place));
    let text = finished.stdout.text() + &finished.stderr.text();
    ensure(finished.code != Some(0), || format!("`{command}` passes"))?;
    let counts = [
        "test result: FAILED. 0 passed; 1 failed; 0 ignored",
        "1 test run: 0 passed, 1 failed",
    ];
    ensure(counts.iter().any(|count| text.contains(count)), || {
        format!("`{command}` does not run one test:\n{text}")
    })?;
    ensure(text.contains("panicked at tests/twins.rs:"), || {
        format!("`{command}` does not run the test in its guest:\n{text}")
    })
}
