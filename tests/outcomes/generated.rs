//! Tests that another attribute makes, or that get on a guest by a helper only.

use super::{LIMIT, fixture};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::report::Ending::{self, Failed, Passed};

const TABLE: &[(&str, Ending)] = &[
    ("cases::in_sight::test_case_1_of_one", Passed),
    ("cases::in_sight::test_case_2_of_two", Passed),
    ("cases::in_sight::test_case_3_of_three", Failed),
    ("cases::out_of_sight::test_case_1_of_one", Passed),
    ("cases::out_of_sight::test_case_2_of_two", Passed),
    ("helped::panicking_in_a_helper", Failed),
    ("helped::should_panic_in_a_helper_and_does", Passed),
];

#[test]
fn cases_and_callers_of_helpers_end_as_they_expect() {
    let (fixture, host) = fixture();
    let group = Group {
        targets: &["generated"],
        filters: &["cases::", "helped::"],
        environment: &[],
        limit: LIMIT,
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
