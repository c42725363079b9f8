//! What a test does with nodes besides calls that it waits for. The fixture examines it from inside;
//! here is how each of its tests ends, and what it says then.

use super::{endings, run_leaving_nothing};
use std::collections::BTreeMap;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{self, Failed, Passed};
use vm_test_tests::streams::text_of;

/// Tests of the fixture, how each ends, and what it says.
const TESTS: [(&str, Ending, &[&str]); 21] = [
    (
        "a_node_runs_several_tasks_at_a_time_and_each_has_its_own_result",
        Passed,
        &[],
    ),
    ("a_task_that_fails_says_how_and_where", Passed, &[]),
    (
        "a_panic_of_a_task_is_raised_again_with_the_name_of_the_node",
        Failed,
        &["node `a` panicked at tests/handles.rs:", ": no 8 here"],
    ),
    (
        "a_task_ends_when_it_is_killed_and_when_it_is_dropped",
        Passed,
        &[],
    ),
    (
        "a_command_in_the_background_is_written_to_and_read_from_by_lines",
        Passed,
        &[],
    ),
    ("a_command_has_its_input_as_soon_as_it_runs", Passed, &[]),
    (
        "a_command_in_the_background_ends_when_it_is_killed_and_when_it_is_dropped",
        Passed,
        &[],
    ),
    (
        "any_executor_waits_for_calls_and_commands_at_the_same_time",
        Passed,
        &[],
    ),
    (
        "a_future_that_is_dropped_ends_what_it_has_begun",
        Passed,
        &[],
    ),
    (
        "files_are_written_read_and_copied_on_every_node",
        Passed,
        &[],
    ),
    (
        "a_file_that_cannot_be_used_is_named_with_its_node_and_its_cause",
        Passed,
        &[],
    ),
    ("a_wait_on_a_node_sees_what_happens_there", Passed, &[]),
    (
        "a_wait_on_a_node_that_fails_names_condition_last_look_time_and_node",
        Passed,
        &[],
    ),
    (
        "a_wait_on_a_node_that_nobody_hears_of_fails_the_test",
        Failed,
        &[
            "cannot see file /tmp/never within 100ms: it is not there (node `a`, 0.1 s elapsed)",
            "panicked at tests/handles.rs:",
        ],
    ),
    ("a_condition_that_always_holds_fails_nothing", Passed, &[]),
    (
        "a_condition_that_is_broken_ends_a_body_that_sleeps",
        Failed,
        &[
            "thread 'always' panicked at tests/handles.rs:",
            "`a answers` did not hold ",
            " s after it was first checked: Connection refused",
        ],
    ),
    (
        "a_condition_in_a_guest_is_broken_while_its_body_waits_for_ever",
        Failed,
        &["`the file stays away` did not hold 0."],
    ),
    (
        "a_condition_that_is_broken_at_the_end_fails_the_test_where_the_guard_ends",
        Failed,
        &["`it holds` did not hold "],
    ),
    (
        "a_body_that_panics_is_told_by_its_own_panic_whatever_it_has_watched",
        Failed,
        &["the body's own panic"],
    ),
    (
        "a_result_of_a_hundred_megabytes_is_an_error_at_once",
        Passed,
        &[],
    ),
    (
        "what_a_body_leaves_behind_asks_nothing_after_it",
        Passed,
        &[],
    ),
];

/// The tests of closures that capture variables, one closure in each.
const CAPTURES: &str = "tests/captures.rs";

#[test]
fn tasks_files_waits_and_conditions_of_nodes_work_and_each_failure_is_named() {
    let outcome = run_leaving_nothing("--test=handles");
    let text = outcome.text();
    let told = endings(&outcome);
    let expected = TESTS.map(|(name, ending, _)| (name, ending));
    assert_eq!(told, BTreeMap::from(expected), "{text}");
    for (name, ending, words) in TESTS {
        let told = &outcome.tests[name];
        let report = told.stdout.clone() + &told.stderr;
        for words in words {
            assert!(report.contains(words), "{name}: {words}: {text}");
        }
        // A body that outlives its broken condition by a second leaves a file.
        let is_late = ending == Failed && report.contains("artifacts of");
        assert!(!is_late, "{name} went on: {text}");
    }
}

#[test]
fn a_closure_that_captures_variables_does_not_compile_whatever_runs_it() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let arguments = ["test", "--no-run", "--test=captures", "--features=captures"];
    let output = fixture.cargo(&host, &arguments).output();
    let output = output.expect("cargo starts");
    assert!(!output.status.success());
    let text = text_of(&output);
    let words =
        "a function that runs elsewhere cannot capture variables: pass them as its argument";
    let code = std::fs::read_to_string(fixture.directory().join(CAPTURES));
    let code = code.expect("the fixture can be read");
    let numbered = code.lines().enumerate();
    let closures: Vec<_> = numbered
        .filter(|(_, line)| line.contains("move |"))
        .collect();
    assert_eq!(closures.len(), code.matches("#[test]").count());
    for (number, line) in closures {
        let place = format!("{CAPTURES}:{}:", number + 1);
        let named = text
            .split("error[E0080]")
            .any(|error| error.contains(words) && error.contains(&place));
        assert!(named, "{line}: {text}");
    }
}
