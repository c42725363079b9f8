//! How tests end: on a guest as here, in every way there is, with the words that a user reads. The fixture `outcomes` has
//! the bodies, the tables below say what is expected of each, and real runners run them many at a time.

mod builds;
mod deaths;
mod environment;
mod generated;
mod hostile;
mod ignored;
mod kills;
mod nowhere;
mod processes;
mod rows;
mod tracer;
mod twins;
mod volume;
mod words;

use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

/// Where the tests run.
const PLACE: Place = Place::Container;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(200);

/// The built fixture, and a host of its own for a test.
fn fixture() -> (Fixture, Host) {
    let (fixture, host) = (Fixture::new("outcomes"), PLACE.host());
    fixture.build(&host);
    (fixture, host)
}
