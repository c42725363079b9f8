//! The order of attributes: every test exists once, and its body runs once, on its guest.

use super::{count, limit};
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Passed;

const ORDERS: &[&str] = &[
    "asynchronous::above",
    "asynchronous::above_with_threads",
    "asynchronous::below",
    "asynchronous::below_with_threads",
    "asynchronous::panicking",
    "ignored::first",
    "ignored::last",
    "panics::between",
    "panics::first",
    "panics::last",
    "plain::above",
    "plain::below",
    "plain::from_a_macro",
    "plain::r#match",
    "plain::with_a_lint",
    "plain::with_parentheses",
    "plain::with_settings",
    "plain::ünïcödé",
    "tests::in_the_library",
    "tests::in_the_program",
    "values::exit_code",
    "values::result",
    "values::result_of_an_exit_code",
    "with_rstest::above::case_1",
    "with_rstest::above::case_2_named",
    "with_rstest::above_async::number_1_1",
    "with_rstest::above_async::number_2_2",
    "with_rstest::below::case_1",
    "with_rstest::below::case_2_named",
    "with_rstest::below_async::number_1_1",
    "with_rstest::below_async::number_2_2",
    "with_rstest::below_with_values::number_1_1::_letter_1___a__",
    "with_rstest::below_with_values::number_1_1::_letter_2___b__",
    "with_rstest::below_with_values::number_2_2::_letter_1___a__",
    "with_rstest::below_with_values::number_2_2::_letter_2___b__",
    "with_rstest::between_async::number_1_1",
    "with_rstest::between_async::number_2_2",
    "with_rstest::panicking::case_1",
    "with_rstest::panicking::case_2",
    "with_rstest::with_a_timeout",
    "with_rstest::with_a_timeout_below",
    "with_test_case::above::test_case_1_of_one",
    "with_test_case::above::test_case_2_of_two",
    "with_test_case::below::test_case_1_of_one",
    "with_test_case::below::test_case_2_of_two",
    "with_test_case::below_a_matrix::test_case_1_1_3_expects",
    "with_test_case::below_a_matrix::test_case_2_2_3_expects",
    "with_test_case::below_async::test_case_1_of_one",
];

const RENAMED: &[&str] = &["again::exported_again", "found_by_itself", "named_by_hand"];

/// A fixture's crate, the targets to list, and all tests in them.
pub(crate) const CRATES: [(&str, &[&str], &[&str]); 2] = [
    ("attributes", &["orders", "--lib", "--bins"], ORDERS),
    ("renamed", &["renamed"], RENAMED),
];

pub(crate) fn a_test_runs_once_and_on_its_guest_whatever_stands_above_and_below_it_under_cargo_test(
    place: Place,
) {
    run(place, Runner::CargoTest);
}

pub(crate) fn a_test_runs_once_and_on_its_guest_whatever_stands_above_and_below_it_under_nextest(
    place: Place,
) {
    run(place, Runner::Nextest);
}

fn run(place: Place, runner: Runner) {
    for (name, targets, tests) in CRATES {
        let (fixture, host) = (Fixture::new(name), place.host());
        let group = Group {
            targets,
            filters: &["--include-ignored"],
            environment: &[],
            limit: limit(place),
        };
        let outcome = group.run(&fixture, &host, runner);
        let ran: Vec<_> = outcome.tests.keys().map(String::as_str).collect();
        assert_eq!(ran, tests, "{}", outcome.text());
        for (test, told) in &outcome.tests {
            assert_eq!((told.ending, told.times), (Passed, 1), "{test}: {told:#?}");
            assert_eq!(
                count(told, &format!("on {}", place.guest())),
                1,
                "{test} did not run once: {told:#?}"
            );
        }
    }
}
