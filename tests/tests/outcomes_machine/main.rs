//! How tests end on a VM: the same tables as in `outcomes`, with separate rows only where a VM differs. What never reaches
//! a guest is checked there alone.

#[path = "../outcomes/builds.rs"]
mod builds;
#[path = "../outcomes/deaths.rs"]
mod deaths;
#[path = "../outcomes/emulators.rs"]
mod emulators;
#[path = "../outcomes/generated.rs"]
mod generated;
#[path = "../outcomes/hostile.rs"]
mod hostile;
#[path = "../outcomes/ignored.rs"]
mod ignored;
#[path = "../outcomes/kills.rs"]
mod kills;
#[path = "../outcomes/machines.rs"]
mod machines;
#[path = "../outcomes/processes.rs"]
mod processes;
#[path = "../outcomes/rows.rs"]
mod rows;
#[path = "../outcomes/twins.rs"]
mod twins;
#[path = "../outcomes/volume.rs"]
mod volume;
#[path = "../outcomes/words.rs"]
mod words;

use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

/// Where the tests run.
const PLACE: Place = Place::Machine;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(400);

/// The built fixture, and a host of its own for a test.
fn fixture() -> (Fixture, Host) {
    let (fixture, host) = (Fixture::new("outcomes"), PLACE.host());
    fixture.build(&host);
    (fixture, host)
}
