//! What a guest's own host name leads to, and who may open its standard streams by name.

use super::guests::{HOST, endings, guests, host, run};
use std::collections::BTreeMap;
use vm_test_tests::group::Outcome;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Passed;

const PACKAGE: &str = "cases-world";

#[track_caller]
fn assert_passes(outcome: &Outcome, test: &str) {
    let expected = BTreeMap::from([(test, Passed)]);
    assert_eq!(endings(&outcome.tests), expected, "{}", outcome.text());
}

pub(crate) fn a_guest_finds_its_own_host_name(place: Place) {
    for guest in guests(place) {
        let test = "its_own_host_name_is_found";
        let outcome = run(&host(guest), PACKAGE, "world", &["--exact", test]);
        assert_passes(&outcome, test);
        let line = format!("found {guest}\n");
        let told = &outcome.tests[test].stdout;
        assert!(told.contains(&line), "{guest}: {told}");
    }
}

/// The standard streams are pipes, on the host as in every guest: root has made them.
pub(crate) fn a_process_that_gave_up_root_opens_standard_error_no_more_than_on_the_host(
    place: Place,
) {
    let mut runs = Vec::new();
    for guest in guests(place) {
        let test = "in_a_guest::root_is_given_up";
        runs.push((
            test,
            run(&host(guest), PACKAGE, "world", &["--exact", test]),
        ));
    }
    // On the host, only root can give up root.
    if rustix::process::geteuid().is_root() {
        let (test, host) = ("locally::root_is_given_up", host(HOST));
        runs.push((test, run(&host, PACKAGE, "world", &["--exact", test])));
    }
    for (test, outcome) in runs {
        assert_passes(&outcome, test);
        let text = outcome.text();
        for line in [
            "root has opened it",
            "permission denied",
            "the descriptor works",
        ] {
            let lines = text.lines().filter(|found| *found == line);
            assert_eq!(lines.count(), 1, "{line}: {text}");
        }
    }
}
