//! How tests end: on a guest as on the host, in every possible way, with the text that a user
//! reads. The fixture `outcomes` has the bodies, the tables below have the expected results, and
//! real runners run them many at a time. What never reaches a guest is checked once, and for
//! containers and VMs there are separate rows only where they differ.

mod bodies;
mod builds;
mod calls;
mod deaths;
mod emulators;
mod endings;
mod environment;
mod generated;
mod hostile;
mod ignored;
mod kills;
mod nowhere;
mod processes;
mod rows;
mod spares;
mod tracer;
mod twins;
mod volume;
mod words;

use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

vm_test_tests::tests_at! {
    each_place {
        bodies {
            a_body_that_changes_its_process_ends_as_it_would_here_under_cargo_test,
            a_body_that_changes_its_process_ends_as_it_would_here_under_nextest,
        }
        deaths {
            a_body_that_breaks_its_process_fails_alone_and_with_its_cause_under_cargo_test,
            a_body_that_breaks_its_process_fails_alone_and_with_its_cause_under_nextest,
        }
        generated {
            a_test_that_fails_in_its_second_body_fails_though_the_first_one_has_passed,
            an_error_that_a_helper_returns_is_no_panic_that_its_caller_should_have,
            cases_and_callers_of_helpers_end_as_they_expect,
        }
        hostile {
            a_hostile_body_is_held_by_its_guest_and_its_end_is_named_under_cargo_test,
            a_hostile_body_is_held_by_its_guest_and_its_end_is_named_under_nextest,
        }
        ignored {
            an_ignored_test_runs_when_it_is_asked_for_and_so_does_the_command_that_it_names,
        }
        kills {
            a_daemon_that_is_killed_fails_the_tests_that_it_held_and_the_next_one_starts_another,
            a_guest_that_is_killed_fails_its_test_even_one_that_should_panic,
        }
        twins {
            a_test_ends_on_a_guest_as_it_ends_here_under_cargo_test,
            a_test_ends_on_a_guest_as_it_ends_here_under_nextest,
        }
        volume {
            a_hundred_megabytes_arrive_to_the_last_byte_and_in_order,
            output_without_end_does_not_keep_a_test_from_ending,
        }
    }
    vm {
        emulators {
            a_machine_whose_emulator_is_killed_fails_its_test_even_one_that_should_panic,
        }
        endings {
            a_machine_that_ends_or_is_used_up_fails_its_test_with_the_cause_under_cargo_test,
            a_machine_that_ends_or_is_used_up_fails_its_test_with_the_cause_under_nextest,
        }
    }
}

/// The time limit for a group of tests: much longer than they take. It only ends hangs.
const fn limit(place: Place) -> Duration {
    Duration::from_secs(match place {
        Place::Container => 200,
        Place::Vm => 400,
    })
}

/// Returns the built fixture, and a new host for a test.
fn fixture(place: Place) -> (Fixture, Host) {
    let (fixture, host) = (Fixture::new("outcomes"), place.host());
    fixture.build(&host);
    (fixture, host)
}
