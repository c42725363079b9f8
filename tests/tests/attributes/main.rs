//! `#[on_vm]` beside other attributes, and the world that a body finds itself in. The fixtures look at the guest from
//! within; this suite looks from outside: that each test is listed once, ran once, and changed nothing here.

mod cargo;
mod listings;
mod matrix;
mod orders;
mod world;

use std::time::Duration;
use vm_test_tests::place::Place;
use vm_test_tests::report::Told;

/// Where the tests run.
const PLACE: Place = Place::Container;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(200);

/// How often a test has written this line.
fn count(told: &Told, line: &str) -> usize {
    let lines = told.stdout.lines().chain(told.stderr.lines());
    lines.filter(|found| *found == line).count()
}
