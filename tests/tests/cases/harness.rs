//! Tests whose threads have no names, and tests that redirect their output: no other test is lost,
//! and no reason.

use super::guests::{HOST, endings, guests, host, run};
use std::collections::BTreeMap;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};

const PACKAGE: &str = "cases-harness";

pub(crate) fn a_time_limit_below_the_attribute_loses_no_other_test(place: Place) {
    for guest in guests(place) {
        let outcome = run(&host(guest), PACKAGE, "limited", &[]);
        let expected = ["a", "b", "c", "limited"].map(|test| (test, Passed));
        let text = outcome.text();
        assert_eq!(
            endings(&outcome.tests),
            BTreeMap::from(expected),
            "{guest}: {text}"
        );
        let limited = &outcome.tests["limited"];
        let line = format!("on {guest}");
        let lines = limited.stdout.lines().filter(|found| *found == line);
        assert_eq!(lines.count(), 1, "{guest}: {text}");
    }
}

#[test]
fn a_test_whose_name_nothing_tells_fails_by_name_and_the_others_have_results() {
    let outcome = run(&host(HOST), PACKAGE, "unnamed", &[]);
    let text = outcome.text();
    let nameless = "limited::in_a_case_with_a_long_name";
    let expected = [("a", Passed), ("b", Passed), (nameless, Failed)];
    assert_eq!(endings(&outcome.tests), BTreeMap::from(expected), "{text}");
    let told = &outcome.tests[nameless].stdout;
    for words in [
        "error: cannot tell which test `limited` at harness/tests/unnamed.rs:",
        " is: its thread has no name\n",
        "hint: call it from the thread that the test harness made for the test: ",
    ] {
        assert!(told.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("the body ran"), "{text}");
    let summary = "test result: FAILED. 2 passed; 1 failed; 0 ignored;";
    assert!(text.contains(summary), "{text}");
}

#[test]
fn a_trial_of_libtest_mimic_fails_by_name_unless_the_runner_names_it() {
    let host = host(HOST);
    let all = run(&host, PACKAGE, "mimic", &[]);
    let text = all.text();
    let expected = [("a", Passed), ("b", Passed), ("in_a_guest", Failed)];
    assert_eq!(endings(&all.tests), BTreeMap::from(expected), "{text}");
    for words in [
        "error: cannot tell which test `in_a_guest` at harness/tests/mimic.rs:",
        "or run the tests with cargo nextest, which names each",
        "test result: FAILED. 2 passed; 1 failed; 0 ignored;",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("\non host\n"), "{text}");
    // As nextest calls it.
    let one = run(&host, PACKAGE, "mimic", &["--exact", "in_a_guest"]);
    let text = one.text();
    let expected = [("in_a_guest", Passed)];
    assert_eq!(endings(&one.tests), BTreeMap::from(expected), "{text}");
    assert!(text.contains("\non host\n"), "{text}");
}

pub(crate) fn a_panic_is_shown_though_standard_error_is_redirected(place: Place) {
    for guest in guests(place) {
        let outcome = run(&host(guest), PACKAGE, "gag", &[]);
        let expected = [("gagged", Failed), ("local", Failed)];
        let text = outcome.text();
        assert_eq!(
            endings(&outcome.tests),
            BTreeMap::from(expected),
            "{guest}: {text}"
        );
        for (test, told) in &outcome.tests {
            let words = "panicked at harness/tests/gag.rs:";
            let panic = told.stdout.split_once(words).map(|(_, rest)| rest);
            let message = panic.and_then(|rest| rest.lines().nth(1));
            assert_eq!(message, Some("under a gag"), "{test} on {guest}: {text}");
        }
    }
}
