//! What a hostile body may try as root in its guest, and what the host has of it afterwards: nothing. The fixture
//! `containment` has the bodies; each is tried in earnest, on bait that the suite lays out and then examines.

#[path = "containment/bait.rs"]
mod bait;
#[path = "containment/canaries.rs"]
mod canaries;
#[path = "containment/loads.rs"]
mod loads;
#[path = "containment/neighbours.rs"]
mod neighbours;
#[path = "containment/raid.rs"]
mod raid;
#[path = "containment/tree.rs"]
mod tree;
#[path = "containment/verdicts.rs"]
mod verdicts;

use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(300);

/// The built fixture, and a host of its own for a test.
fn fixture() -> (Fixture, Host) {
    let (fixture, host) = (Fixture::new("containment"), Host::new());
    fixture.build(&host);
    (fixture, host)
}
