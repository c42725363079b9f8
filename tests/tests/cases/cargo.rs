//! What tests ask of cargo, through assert_cmd, escargot and variables: in a guest they are told
//! the same as on the host, and a build where there is no cargo fails by its own words.

use super::guests::{HOST, endings, guests, host, run};
use std::collections::{BTreeMap, BTreeSet};
use vm_test_tests::group::Outcome;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};

const PACKAGE: &str = "cases-cargo";

/// The modules with the same tests for guests and for the host.
const IN_A_GUEST: &str = "in_a_guest";
const LOCALLY: &str = "locally";

/// Tests that find the package's program and run it: a unit test, and two integration tests.
const PROGRAMS: [&str; 3] = [
    "its_program_is_found_beside_the_test",
    "its_program_is_found_by_name",
    "its_program_is_found_by_the_macro",
];

const VARIABLES: &str = "variables_of_cargo_are_read";

const BUILD: &str = "a_program_is_built";

/// The beginning of each line in which a test prints what it was told.
const ANSWER: &str = "answer: ";

/// Runs tests of a module, all of which have to pass.
fn pass(host: &Host, module: &str, tests: &[&str]) -> Outcome {
    let names: Vec<_> = tests
        .iter()
        .map(|test| format!("{module}::{test}"))
        .collect();
    let mut filters = vec!["--exact"];
    filters.extend(names.iter().map(String::as_str));
    // All targets, since cargo builds the package's program for integration tests only.
    let outcome = run(host, PACKAGE, "--tests", &filters);
    let expected = names.iter().map(|name| (name.as_str(), Passed));
    let expected = BTreeMap::from_iter(expected);
    assert_eq!(endings(&outcome.tests), expected, "{}", outcome.text());
    outcome
}

/// Returns what each test was told, by its name without the module.
fn answers(outcome: &Outcome) -> BTreeMap<&str, BTreeSet<&str>> {
    let tests = outcome.tests.iter().map(|(name, told)| {
        let (_, test) = name.split_once("::").expect("a module");
        let lines = told.stdout.lines();
        let answers: BTreeSet<_> = lines.filter(|line| line.starts_with(ANSWER)).collect();
        assert!(!answers.is_empty(), "{name}: {}", outcome.text());
        (test, answers)
    });
    tests.collect()
}

/// Checks that the program of each test ran in this guest.
fn assert_ran_in(guest: &str, outcome: &Outcome) {
    let line = format!("on {guest}");
    for (test, told) in &outcome.tests {
        let ran = told.stdout.lines().any(|found| found == line);
        assert!(ran, "{test} in {guest}: {}", outcome.text());
    }
}

pub(crate) fn a_packages_program_is_found_and_runs_as_on_the_host(place: Place) {
    let local = pass(&host(HOST), LOCALLY, &PROGRAMS);
    for guest in guests(place) {
        let outcome = pass(&host(guest), IN_A_GUEST, &PROGRAMS);
        assert_eq!(answers(&outcome), answers(&local), "{guest}");
        assert_ran_in(guest, &outcome);
    }
}

pub(crate) fn variables_of_cargo_have_the_same_values_as_on_the_host(place: Place) {
    let local = pass(&host(HOST), LOCALLY, &[VARIABLES]);
    let told = answers(&local);
    let of_workspace = format!("{ANSWER}CARGO_WORKSPACE_DIR=");
    let mut lines = told[VARIABLES].iter();
    assert!(
        lines.any(|line| line.starts_with(&of_workspace)),
        "{told:?}"
    );
    for guest in guests(place) {
        let outcome = pass(&host(guest), IN_A_GUEST, &[VARIABLES]);
        assert_eq!(answers(&outcome), told, "{guest}");
    }
}

#[test]
fn a_program_is_built_in_a_guest_over_the_hosts_root_as_on_the_host() {
    let local = pass(&host(HOST), LOCALLY, &[BUILD]);
    let outcome = pass(&host(HOST), IN_A_GUEST, &[BUILD]);
    assert_eq!(answers(&outcome), answers(&local));
    assert_ran_in(HOST, &outcome);
}

/// In a guest of an image; guest `host` has the host's cargo.
pub(crate) fn a_build_without_cargo_fails_by_its_own_words(place: Place) {
    let test = format!("{IN_A_GUEST}::{BUILD}_without_cargo");
    for guest in guests(place).iter().filter(|guest| **guest != HOST) {
        let outcome = run(&host(guest), PACKAGE, "cargo", &["--exact", &test]);
        let text = outcome.text();
        let expected = BTreeMap::from([(test.as_str(), Failed)]);
        assert_eq!(endings(&outcome.tests), expected, "{guest}: {text}");
        // Those of escargot, and not of a time limit.
        let words = "Cause: No such file or directory (os error 2)";
        assert!(text.contains(words), "{guest}: {text}");
    }
}
