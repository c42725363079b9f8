//! The fixture `containment`, built, how long its tests may take, and their expected results. Knows
//! none of the tests.

use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::group::Outcome;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending;

/// The time limit for a group of tests: much longer than they take. It only ends hangs.
pub(crate) fn limit(place: Place) -> Duration {
    Duration::from_secs(match place {
        Place::Container => 300,
        Place::Vm => 400,
    })
}

/// Returns the built fixture, and a new host for a test.
pub(crate) fn fixture(place: Place) -> (Fixture, Host) {
    let (fixture, host) = (Fixture::new("containment"), place.host());
    fixture.build(&host);
    (fixture, host)
}

/// Asserts that exactly these tests ran with these results; reports all differences at once.
///
/// # Panics
/// If anything differs.
#[track_caller]
pub(crate) fn assert_endings(outcome: &Outcome, expected: &[(&str, Ending)]) {
    let mut wrong = String::new();
    for (name, ending) in expected {
        match outcome.tests.get(*name) {
            Some(told) if told.ending == *ending && told.times == 1 => {}
            Some(told) => wrong += &format!("{name} has not {ending:?}: {told:#?}\n"),
            None => wrong += &format!("{name} did not run\n"),
        }
    }
    for name in outcome.tests.keys() {
        if !expected.iter().any(|(known, _)| known == name) {
            wrong += &format!("{name} is not expected\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
