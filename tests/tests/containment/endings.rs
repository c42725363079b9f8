//! The fixture `containment`, built, and how its tests are to end. Knows none of them.

use super::setting::PLACE;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::group::Outcome;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending;

/// The built fixture, and a host of its own for a test.
pub(crate) fn fixture() -> (Fixture, Host) {
    let (fixture, host) = (Fixture::new("containment"), PLACE.host());
    fixture.build(&host);
    (fixture, host)
}

/// Asserts that exactly these tests ran, and ended so; says all that differs at once.
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
