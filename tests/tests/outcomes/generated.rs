//! Tests that another attribute generates, or that reach a guest only through a helper.

use super::{fixture, limit};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::patience;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{self, Failed, Passed};

const TABLE: &[(&str, Ending)] = &[
    ("cases::in_sight::test_case_1_of_one", Passed),
    ("cases::in_sight::test_case_2_of_two", Passed),
    ("cases::in_sight::test_case_3_of_three", Failed),
    ("cases::out_of_sight::test_case_1_of_one", Passed),
    ("cases::out_of_sight::test_case_2_of_two", Passed),
    ("helped::panicking_in_a_helper", Failed),
    ("helped::should_panic_in_a_helper_and_does", Passed),
    ("late::leaving_a_file::test_case_1_of_one", Failed),
];

pub(crate) fn cases_and_callers_of_helpers_end_as_they_expect(place: Place) {
    let (fixture, host) = fixture(place);
    let group = Group {
        targets: &["generated"],
        filters: &["cases::", "helped::", "late::leaving_a_file::"],
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
    }
}

pub(crate) fn a_test_that_fails_in_its_second_body_fails_though_the_first_one_has_passed(
    place: Place,
) {
    assert_fails_alone(
        place,
        "late::panicking_in_the_second_of_two_helpers",
        "invalid verdict: the test process exited with code 101 after its verdict (last panic: in the second)",
    );
}

pub(crate) fn an_error_that_a_helper_returns_is_no_panic_that_its_caller_should_have(place: Place) {
    assert_fails_alone(
        place,
        "late::should_panic_and_only_drops_the_error_of_a_helper",
        "ends this test process, because its caller may treat a panic as a pass: ",
    );
}

/// Runs a test alone, since the end of its process would affect others.
#[track_caller]
fn assert_fails_alone(place: Place, test: &str, words: &str) {
    let (fixture, host) = fixture(place);
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let group = Group {
            targets: &["generated"],
            filters: &["--exact", test],
            environment: &[],
            limit: limit(place),
        };
        let mut command = group.command(&fixture, &host, runner);
        let finished = patience::run(&mut command, limit(place));
        let text = finished.stdout.text() + &finished.stderr.text();
        assert_ne!(finished.code, Some(0), "it passed:\n{text}");
        assert!(text.contains(words), "{text}");
    }
}
