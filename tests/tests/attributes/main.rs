//! `#[on_vm]` beside other attributes, the environment of a body, and what a body asks about its
//! guest. The fixtures examine the guest from inside; this suite checks from outside that each test
//! is listed once, ran once, and changed nothing here.

mod cargo;
mod here;
mod listings;
mod matrix;
mod orders;
mod world;

use std::time::Duration;
use vm_test_tests::place::Place;
use vm_test_tests::report::Told;

vm_test_tests::tests_at! {
    each_place {
        here {
            a_test_knows_its_guest_and_waits_in_it_under_cargo_test,
            a_test_knows_its_guest_and_waits_in_it_under_nextest,
        }
        orders {
            a_test_runs_once_and_on_its_guest_whatever_stands_above_and_below_it_under_cargo_test,
            a_test_runs_once_and_on_its_guest_whatever_stands_above_and_below_it_under_nextest,
        }
        world {
            a_body_finds_its_world_and_leaves_the_hosts_as_it_was_under_cargo_test,
            a_body_finds_its_world_and_leaves_the_hosts_as_it_was_under_nextest,
        }
    }
}

/// The time limit for a group of tests: much longer than they take. It only ends hangs.
fn limit(place: Place) -> Duration {
    Duration::from_secs(match place {
        Place::Container => 200,
        Place::Vm => 400,
    })
}

/// Returns how often a test has printed this line.
fn count(told: &Told, line: &str) -> usize {
    let lines = told.stdout.lines().chain(told.stderr.lines());
    lines.filter(|found| *found == line).count()
}
