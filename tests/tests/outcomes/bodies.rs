//! Bodies that change their own process: its limits, root, ids, signals, namespaces. Each ends as
//! its name says, with its artifacts.

use super::processes::assert_no_keeper_is_left;
use super::rows::{Row, compare, fails, passes};
use super::{fixture, limit};
use std::fs;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Failed;

const EXIT_HINT: &str = "hint: a body must return or panic, and nothing else may end its process: neither `std::process::exit` nor a destructor or thread that it leaves behind";

const TABLE: &[Row] = &[
    passes(
        "allowing_itself_no_bytes_of_a_file_and_passing",
        &["a pipe is no file"],
        &[],
    ),
    passes("allowing_itself_no_more_memory_and_passing", &[], &[]),
    passes("allowing_itself_no_open_files_and_passing", &[], &[]),
    fails(
        "allowing_itself_no_open_files_and_panicking",
        &[],
        &[
            "thread 'guest::allowing_itself_no_open_files_and_panicking' (N) panicked at tests/bodies.rs:…",
            "without files",
        ],
    ),
    passes("allowing_itself_no_processes_and_passing", &[], &[]),
    fails(
        "becoming_nobody_and_panicking",
        &[],
        &[
            "thread 'guest::becoming_nobody_and_panicking' (N) panicked at tests/bodies.rs:…",
            "as nobody",
        ],
    ),
    passes("becoming_nobody_and_passing", &[], &[]),
    passes(
        "becoming_nobody_and_writing_an_artifact",
        &[],
        &["vm-test: artifacts of `guest::becoming_nobody_and_writing_an_artifact`: …"],
    ),
    passes("being_stopped_and_continued_and_passing", &[], &[]),
    passes("blocking_all_signals_and_passing", &[], &[]),
    passes("changing_its_name_and_passing", &[], &[]),
    fails(
        "clearing_its_environment_and_panicking",
        &[],
        &[
            "thread 'guest::clearing_its_environment_and_panicking' (N) panicked at tests/bodies.rs:…",
            "without variables",
        ],
    ),
    passes(
        "clearing_its_environment_and_passing",
        &["nothing is left"],
        &[],
    ),
    passes("entering_new_namespaces_and_passing", &[], &[]),
    fails(
        "exiting_in_a_thread",
        &["the thread comes"],
        &[
            "error: no verdict: the test process exited with code 0 before the test ended",
            EXIT_HINT,
        ],
    ),
    fails(
        "exiting_in_its_panic_hook",
        &[],
        &[
            "thread 'guest::exiting_in_its_panic_hook' (N) panicked at tests/bodies.rs:…",
            "the last words",
            "error: no verdict: the test process exited with code 3 before the test ended (last panic: the last words)",
            EXIT_HINT,
        ],
    ),
    passes("hiding_its_memory_and_passing", &[], &[]),
    passes("ignoring_the_ends_of_its_children_and_passing", &[], &[]),
    passes(
        "permitting_nothing_and_writing_an_artifact",
        &[],
        &["vm-test: artifacts of `guest::permitting_nothing_and_writing_an_artifact`: …"],
    ),
    fails(
        "staying_in_a_chroot_and_panicking",
        &[],
        &[
            "thread 'guest::staying_in_a_chroot_and_panicking' (N) panicked at tests/bodies.rs:…",
            "in a chroot",
        ],
    ),
    passes("staying_in_a_chroot_and_passing", &[], &[]),
    passes("working_in_a_directory_that_is_gone_and_passing", &[], &[]),
];

/// What is in the artifact `note` of a test.
const NOTES: [(&str, &str); 2] = [
    ("becoming_nobody_and_writing_an_artifact", "of nobody\n"),
    ("permitting_nothing_and_writing_an_artifact", "for nobody\n"),
];

pub(crate) fn a_body_that_changes_its_process_ends_as_it_would_here_under_cargo_test(place: Place) {
    check(place, Runner::CargoTest);
}

pub(crate) fn a_body_that_changes_its_process_ends_as_it_would_here_under_nextest(place: Place) {
    check(place, Runner::Nextest);
}

fn check(place: Place, runner: Runner) {
    let (fixture, host) = fixture(place);
    // Another test would take the artifacts for files of an earlier run.
    let _alone = fixture.alone("bodies");
    let all = Group {
        targets: &["bodies"],
        filters: &["guest::"],
        environment: &[],
        limit: limit(place),
    };
    let outcome = all.run(&fixture, &host, runner);
    compare(place, TABLE, &outcome, runner, |row| row.ending == Failed);
    for (name, content) in NOTES {
        let note = artifacts_of(&outcome, name) + "/note";
        assert_eq!(fs::read_to_string(&note).unwrap(), content, "{note}");
    }
    assert_no_keeper_is_left(&host);
}

/// Returns the directory of a test's artifacts, as the test names it.
fn artifacts_of(outcome: &Outcome, name: &str) -> String {
    let test = format!("guest::{name}");
    let told = &outcome.tests[&test];
    let begin = format!("vm-test: artifacts of `{test}`: ");
    let mut lines = told.stdout.lines().chain(told.stderr.lines());
    let path = lines.find_map(|line| line.trim().strip_prefix(&begin));
    path.unwrap_or_else(|| panic!("{told:#?}")).to_owned()
}
