//! Bodies that nobody would run outside of a guest, and those that only a guest's limits end.

use super::processes::assert_no_keeper_is_left;
use super::rows::{Row, compare, fails, passes};
use super::words::ANY;
use super::{fixture, limit};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Failed;

const OUT_OF_MEMORY: &[&str] = &[
    "error: the guest ran out of memory (128 MiB) and the test process was killed",
    "hint: give it more, as in #[on_vm(\"{guest}\", memory = \"256M\")]",
];

const TIME_IS_UP: &[&str] = &[
    "error: the test did not end within {seconds}s and was killed",
    ANY,
    "what it was doing:",
    ANY,
    "hint: give it more time, as in #[on_vm(\"{guest}\", timeout = \"5m\")]; it had run for … s",
];

const KILLED: &[&str] =
    &["error: no verdict: signal 9 (SIGKILL) killed the test process before the test ended"];

const NO_SUCH_GUEST: &str =
    "error: cannot find guest `nowhere`: …/fixtures/vm-test.toml does not declare it";

const NO_SUCH_GUEST_HINT: &str = "hint: the guests are `bullseye`, `machine`, `host`; declare another as [guest.nowhere] in vm-test.toml at the workspace's root";

const TABLE: &[Row] = &[
    fails("using_more_memory_than_there_is", &[], OUT_OF_MEMORY),
    fails(
        "should_panic_and_uses_more_memory_than_there_is",
        &[],
        OUT_OF_MEMORY,
    ),
    fails("never_ending", &["it has begun"], TIME_IS_UP),
    fails(
        "never_ending_in_a_child_of_another_session",
        &[],
        TIME_IS_UP,
    ),
    fails("should_panic_and_never_ends", &[], TIME_IS_UP),
    passes(
        "leaving_a_child_that_holds_its_streams",
        &["the child is there"],
        &[],
    ),
    fails("killing_its_process_group", &[], KILLED),
    fails("killing_all_it_can", &[], KILLED),
    passes("killing_the_agent", &["the agent lives"], &[]),
    passes(
        "removing_the_agents_files",
        &[],
        &[
            "rm: cannot remove '/run/vm-test/agent': Device or resource busy",
            "thread 'guest::removing_the_agents_files' (N) panicked at tests/hostile.rs:…",
            "still heard",
            ANY,
        ],
    ),
    passes("unmounting_what_it_can", &[], &[ANY]),
    passes("removing_its_own_binary_and_the_systems", &[], &[ANY]),
    passes("talking_to_the_agent_out_of_turn", &[], &[]),
    fails(
        "returning_an_error_of_three_megabytes",
        &[],
        &["Error: \"long long …long long \""],
    ),
    fails(
        "panicking_with_three_megabytes",
        &[],
        &[
            "thread 'guest::panicking_with_three_megabytes' (N) panicked at tests/hostile.rs:…",
            "long long …long long ",
        ],
    ),
    passes(
        "panicking_a_thousand_times",
        &[],
        &[
            "thread 'guest::panicking_a_thousand_times' (N) panicked at tests/hostile.rs:…",
            "panic 0",
            ANY,
            "thread 'guest::panicking_a_thousand_times' (N) panicked at tests/hostile.rs:…",
            "panic 999",
        ],
    ),
    fails(
        "needing_a_guest_that_is_not_there",
        &[],
        &[
            NO_SUCH_GUEST,
            NO_SUCH_GUEST_HINT,
            "vm-test: `guest::needing_a_guest_that_is_not_there` did not run: it needs guest `nowhere`; to re-run: cargo …guest::needing_a_guest_that_is_not_there…",
        ],
    ),
    fails(
        "should_panic_and_needs_a_guest_that_is_not_there",
        &[],
        &[
            NO_SUCH_GUEST,
            NO_SUCH_GUEST_HINT,
            "vm-test: `guest::should_panic_and_needs_a_guest_that_is_not_there` did not run: it needs guest `nowhere`; to re-run: cargo …guest::should_panic_and_needs_a_guest_that_is_not_there…",
        ],
    ),
];

/// What differs on a VM.
///
/// There a host program is mounted separately, read-only, and cannot be removed; so are the
/// libraries brought from the host, but not the agent.
const ON_A_VM: &[Row] = &[
    passes(
        "removing_the_agents_files",
        &[],
        &[
            ANY,
            "rm: cannot remove '/run/vm-test/lib/…': Device or resource busy",
            "thread 'guest::removing_the_agents_files' (N) panicked at tests/hostile.rs:…",
            "still heard",
            ANY,
        ],
    ),
    fails(
        "removing_its_own_binary_and_the_systems",
        &[],
        &[
            "rm: cannot remove '…': Device or resource busy",
            "thread 'guest::removing_its_own_binary_and_the_systems' (N) panicked at tests/hostile.rs:…",
            "assertion failed: !own.exists()",
        ],
    ),
];

pub(crate) fn a_hostile_body_is_held_by_its_guest_and_its_end_is_named_under_cargo_test(
    place: Place,
) {
    check(place, Runner::CargoTest);
}

pub(crate) fn a_hostile_body_is_held_by_its_guest_and_its_end_is_named_under_nextest(place: Place) {
    check(place, Runner::Nextest);
}

fn check(place: Place, runner: Runner) {
    let (fixture, host) = fixture(place);
    let all = Group {
        targets: &["hostile"],
        filters: &["guest::"],
        environment: &[],
        limit: limit(place),
    };
    let outcome = all.run(&fixture, &host, runner);
    let has_instance = |row: &Row| row.ending == Failed && !row.stderr.contains(&NO_SUCH_GUEST);
    let table: Vec<_> = TABLE.iter().map(|row| *here(place, row)).collect();
    compare(place, &table, &outcome, runner, has_instance);
    assert_no_keeper_is_left(&host);
}

/// Returns the row that applies where the tests run.
fn here(place: Place, row: &'static Row) -> &'static Row {
    let other = ON_A_VM.iter().find(|other| other.name == row.name);
    match other.filter(|_| place == Place::Vm) {
        Some(other) => other,
        None => row,
    }
}
