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

/// The standard streams are pipes. On the host they are root's alone; in a guest they are open to
/// all, as in a container of a container engine.
pub(crate) fn a_process_that_gave_up_root_opens_standard_error_in_every_guest(place: Place) {
    let mut runs = Vec::new();
    for guest in guests(place) {
        let test = "in_a_guest::root_is_given_up";
        let outcome = run(&host(guest), PACKAGE, "world", &["--exact", test]);
        runs.push((test, outcome, "nobody has opened it"));
    }
    // On the host, only root can give up root.
    if rustix::process::geteuid().is_root() {
        let (test, host) = ("locally::root_is_given_up", host(HOST));
        let outcome = run(&host, PACKAGE, "world", &["--exact", test]);
        runs.push((test, outcome, "permission denied"));
    }
    for (test, outcome, of_nobody) in runs {
        assert_passes(&outcome, test);
        let text = outcome.text();
        for line in ["root has opened it", of_nobody, "the descriptor works"] {
            let lines = text.lines().filter(|found| *found == line);
            assert_eq!(lines.count(), 1, "{line}: {text}");
        }
    }
}
