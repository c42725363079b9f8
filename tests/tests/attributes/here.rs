//! What a test asks about its own guest, and waits for what happens there.

use super::{count, limit};
use std::fs;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};
use vm_test_tests::report::Told;

const TESTS: &[&str] = &[
    "a_port_belongs_to_the_network_of_the_thread_that_waits",
    "a_port_that_stays_closed_is_named_with_those_that_are_open",
    FAILING,
    RETURNING,
    "it_knows_its_guest",
    "it_leaves_files_where_they_come_back",
    "it_waits_for_conditions_of_its_own",
    "it_waits_for_files_and_lines",
    "it_waits_for_servers",
    "on_the_host_there_is_no_guest",
];

/// The test whose wait panics.
const FAILING: &str = "a_wait_that_fails_is_shown_where_it_is_called";

/// What stands in its source where it waits, and nowhere else.
const WAITING: &str = "port(4716)";

/// The test that returns the error of a wait.
const RETURNING: &str = "an_error_of_a_wait_is_shown_in_its_own_words";

pub(crate) fn a_test_knows_its_guest_and_waits_in_it_under_cargo_test(place: Place) {
    check(place, Runner::CargoTest);
}

pub(crate) fn a_test_knows_its_guest_and_waits_in_it_under_nextest(place: Place) {
    check(place, Runner::Nextest);
}

fn check(place: Place, runner: Runner) {
    let (fixture, host) = (Fixture::new("attributes"), place.host());
    // Each run of a test begins with the removal of its earlier artifacts.
    let _alone = fixture.alone("here-artifacts");
    let all = Group {
        targets: &["here"],
        filters: &[],
        environment: &[],
        limit: limit(place),
    };
    let outcome = all.run(&fixture, &host, runner);
    let ran: Vec<_> = outcome.tests.keys().map(String::as_str).collect();
    assert_eq!(ran, TESTS, "{}", outcome.text());
    for (test, told) in &outcome.tests {
        let is_to_fail = [FAILING, RETURNING].contains(&test.as_str());
        let ending = if is_to_fail { Failed } else { Passed };
        assert_eq!(told.ending, ending, "{test}: {told:#?}");
    }
    assert_identity(place, &outcome.tests["it_knows_its_guest"]);
    let artifacts = fixture.target().join("vm-test/artifacts/attributes/here");
    let note = artifacts.join("it_leaves_files_where_they_come_back/note");
    assert_eq!(fs::read_to_string(note).unwrap(), place.guest());
    let source = fs::read_to_string(fixture.directory().join("tests/here.rs")).unwrap();
    let line = source.lines().position(|line| line.contains(WAITING));
    let line = line.expect("the wait that fails") + 1;
    let guest = place.guest();
    let words = |port: u16| {
        format!(
            "cannot see port {port} open within 50ms: nothing listens there; listening: no port (guest `{guest}`, "
        )
    };
    let panicked = format!(" panicked at tests/here.rs:{line}:");
    assert_says(&outcome.tests[FAILING], &[&panicked, &words(4716)]);
    let returned = format!("Error: {}", words(4717));
    assert_says(&outcome.tests[RETURNING], &[&returned]);
}

/// Asserts that the test and a program that it starts know the guest's name, that of the instance,
/// and the backend.
fn assert_identity(place: Place, told: &Told) {
    let mut lines = told.stdout.lines().chain(told.stderr.lines());
    let line = lines.find_map(|line| line.strip_prefix("here "));
    let line = line.unwrap_or_else(|| panic!("{told:#?}"));
    let backend = match place {
        Place::Container => "lxc",
        Place::Vm => "kvm",
    };
    let start = format!("{0} {0}-", place.guest());
    assert!(line.starts_with(&start), "{line}");
    assert!(line.ends_with(&format!(" {backend}")), "{line}");
    assert_eq!(count(told, &format!("child {line}")), 1, "{told:#?}");
}

fn assert_says(told: &Told, words: &[&str]) {
    let text = format!("{}{}", told.stdout, told.stderr);
    for words in words {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
}
