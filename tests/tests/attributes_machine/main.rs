//! The suite `attributes` on a VM: every test ran once, in the same world, and changed nothing here.

#[path = "../attributes/orders.rs"]
mod orders;
#[path = "../attributes/world.rs"]
mod world;

use std::time::Duration;
use vm_test_tests::place::Place;
use vm_test_tests::report::Told;

/// Where the tests run.
const PLACE: Place = Place::Machine;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(400);

/// How often a test has written this line.
fn count(told: &Told, line: &str) -> usize {
    let lines = told.stdout.lines().chain(told.stderr.lines());
    lines.filter(|found| *found == line).count()
}
