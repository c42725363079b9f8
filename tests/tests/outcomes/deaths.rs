//! Bodies that end, break or manipulate their process. On the host, each would take the other tests
//! of its process with it; on a guest it fails alone, and its cause is reported.

use super::processes::assert_no_keeper_is_left;
use super::rows::{Row, compare, fails, passes};
use super::words::ANY;
use super::{fixture, limit};
use std::collections::BTreeMap;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{self, Failed, Passed};

const EXIT_HINT: &str = "hint: a body must return or panic, and nothing else may end its process: neither `std::process::exit` nor a destructor or thread that it leaves behind";

const FILTER_HINT: &str = "hint: its system call filter kills the process at a forbidden call; a body needs `write`, `statx`, `futex` and `getpid` to give its verdict: allow them, make the filter return an error instead, or install it in a process that the test starts";

const TABLE: &[Row] = &[
    fails(
        "aborting",
        &[],
        &["error: no verdict: signal 6 (SIGABRT) killed the test process before the test ended"],
    ),
    fails(
        "aborting_after_the_end",
        &[],
        &["error: invalid verdict: signal 6 (SIGABRT) killed the test process after its verdict"],
    ),
    passes("closing_all_but_its_streams_and_passing", &[], &[]),
    fails(
        "closing_all_but_its_streams_and_panicking",
        &[],
        &[
            "thread '<unnamed>' (N) panicked at tests/deaths.rs:…",
            "in a thread",
            "thread 'guest::closing_all_but_its_streams_and_panicking' (N) panicked at tests/deaths.rs:…",
            "with nothing open",
        ],
    ),
    // What the streams do not bring has come as data.
    fails(
        "closing_its_streams_and_panicking",
        &[],
        &[
            "thread 'guest::closing_its_streams_and_panicking' panicked at tests/deaths.rs:…",
            "into closed streams",
        ],
    ),
    passes("closing_its_streams_and_passing", &[], &[]),
    passes("forbidding_itself_to_write_and_passing", &[], &[]),
    fails(
        "forbidding_itself_to_write_and_panicking",
        &[],
        &[
            "thread 'guest::forbidding_itself_to_write_and_panicking' panicked at tests/deaths.rs:…",
            "without a word",
        ],
    ),
    passes(
        "forbidding_itself_what_the_last_way_might_need_and_passing",
        &[],
        &[],
    ),
    passes("forbidding_itself_to_open_files_and_passing", &[], &[]),
    passes("forbidding_itself_sockets_and_passing", &[], &[]),
    passes("forbidding_itself_threads_and_passing", &[], &[]),
    fails(
        "making_a_call_that_its_filter_kills_for",
        &[],
        &[
            "error: no verdict: signal 31 (SIGSYS) killed the test process before the test ended",
            FILTER_HINT,
        ],
    ),
    fails(
        "exiting_with_success",
        &["goodbye"],
        &[
            "error: no verdict: the test process exited with code 0 before the test ended",
            EXIT_HINT,
        ],
    ),
    fails(
        "exiting_with_three",
        &["goodbye"],
        &[
            "error: no verdict: the test process exited with code 3 before the test ended",
            EXIT_HINT,
        ],
    ),
    fails(
        "exiting_with_101_after_the_end",
        &[],
        &[
            "error: invalid verdict: the test process exited with code 101 after its verdict",
            EXIT_HINT,
        ],
    ),
    fails(
        "exiting_with_three_after_the_end",
        &[],
        &[
            "error: invalid verdict: the test process exited with code 3 after its verdict",
            EXIT_HINT,
        ],
    ),
    passes(
        "forking_a_child_that_panics",
        &[],
        &[
            "thread 'guest::forking_a_child_that_panics' (N) panicked at tests/deaths.rs:…",
            "in the child",
        ],
    ),
    fails(
        "panicking_after_a_forked_child_has_returned",
        &[],
        &[
            "thread 'guest::panicking_after_a_forked_child_has_returned' (N) panicked at tests/deaths.rs:…",
            "in the parent",
        ],
    ),
    fails(
        "overflowing_its_stack",
        &[],
        &[
            "thread 'guest::overflowing_its_stack' (N) has overflowed its stack",
            "fatal runtime error: stack overflow, aborting",
            "error: no verdict: signal 6 (SIGABRT) killed the test process before the test ended",
        ],
    ),
    fails(
        "panicking_while_it_unwinds",
        &[],
        &[
            "thread 'guest::panicking_while_it_unwinds' (N) panicked at tests/deaths.rs:…",
            "the first panic",
            "thread 'guest::panicking_while_it_unwinds' (N) panicked at tests/deaths.rs:…",
            "the second panic",
            ANY,
            "panic in a destructor during cleanup",
            "thread caused non-unwinding panic. aborting.",
            "error: no verdict: signal 6 (SIGABRT) killed the test process before the test ended (last panic: panic in a destructor during cleanup)",
        ],
    ),
    fails(
        "should_panic_and_aborts",
        &[],
        &["error: no verdict: signal 6 (SIGABRT) killed the test process before the test ended"],
    ),
    fails(
        "should_panic_and_exits_with_the_code_of_a_failure",
        &[],
        &[
            "error: no verdict: the test process exited with code 101 before the test ended",
            EXIT_HINT,
        ],
    ),
    fails(
        "silencing_its_panics",
        &[],
        &["the body panicked:", "unseen"],
    ),
    fails(
        "taking_the_panic_hook_away",
        &[],
        &[
            "thread 'guest::taking_the_panic_hook_away' (N) panicked at tests/deaths.rs:…",
            "seen all the same",
        ],
    ),
    fails(
        "writing_through_a_null_pointer",
        &[],
        &["error: no verdict: signal 11 (SIGSEGV) killed the test process before the test ended"],
    ),
];

/// On the host, `exit(0)` in a body passes: for both runners the process has ended well. On a guest
/// there is no verdict.
const ENDS_WELL_HERE: &str = "exiting_with_success";

fn guests(place: Place) -> Group<'static> {
    Group {
        targets: &["deaths"],
        filters: &["guest::"],
        environment: &[],
        limit: limit(place),
    }
}

pub(crate) fn a_body_that_breaks_its_process_fails_alone_and_with_its_cause_under_cargo_test(
    place: Place,
) {
    check(place, Runner::CargoTest);
}

pub(crate) fn a_body_that_breaks_its_process_fails_alone_and_with_its_cause_under_nextest(
    place: Place,
) {
    check(place, Runner::Nextest);
}

fn check(place: Place, runner: Runner) {
    let (fixture, host) = fixture(place);
    let outcome = guests(place).run(&fixture, &host, runner);
    compare(place, TABLE, &outcome, runner, |row| row.ending == Failed);
    assert_no_keeper_is_left(&host);
    let local = match runner {
        Runner::CargoTest => one_by_one(place, &fixture, &host),
        Runner::Nextest => {
            let group = Group {
                filters: &["alone::"],
                ..guests(place)
            };
            let tests = group.run(&fixture, &host, runner).tests;
            tests
                .into_iter()
                .map(|(name, told)| (name, told.ending))
                .collect()
        }
    };
    for row in TABLE {
        let expected = if row.name == ENDS_WELL_HERE {
            Passed
        } else {
            row.ending
        };
        assert_eq!(
            local.get(&format!("alone::{}", row.name)),
            Some(&expected),
            "{}",
            row.name
        );
    }
}

/// Runs each test in a separate call and judges by the exit code of `cargo test`, since libtest may
/// not live to report.
fn one_by_one(
    place: Place,
    fixture: &vm_test_tests::fixture::Fixture,
    host: &vm_test_tests::host::Host,
) -> BTreeMap<String, Ending> {
    TABLE
        .iter()
        .map(|row| {
            let name = format!("alone::{}", row.name);
            let group = Group {
                filters: &["--exact", &name],
                ..guests(place)
            };
            let mut command = group.command(fixture, host, Runner::CargoTest);
            let finished = vm_test_tests::patience::run(&mut command, limit(place));
            let ending = if finished.code == Some(0) {
                Passed
            } else {
                Failed
            };
            (name, ending)
        })
        .collect()
}
