//! The guests on which each case runs: at a place, those that are a user's choice there.

use std::collections::BTreeMap;
use std::time::Duration;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;
use vm_test_tests::report::{Ending, Tests};

/// The guest that needs no configuration. All others are of an image.
pub(crate) const HOST: &str = "host";

/// The image of the other guests.
const IMAGE: &str = "debian-12";

/// The time limit for a run: much longer than it takes, even if its tests compile. It only ends
/// hangs.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);

/// Returns the guests of the fixture's `vm-test.toml` that are at this place.
pub(crate) fn guests(place: Place) -> &'static [&'static str] {
    match place {
        Place::Container => &[HOST, "deb"],
        Place::Vm => &["kvm"],
    }
}

/// Returns a new host whose tests without a named guest run on this one.
pub(crate) fn host(guest: &'static str) -> Host {
    let host = Host::new().with_shared_store();
    if guest == HOST {
        return host;
    }
    host.build_images(fixture().directory(), &[IMAGE]);
    host.with_guest(guest)
}

pub(crate) fn fixture() -> Fixture {
    Fixture::new("cases")
}

/// Runs tests of a package of the fixture: its target, and filters.
pub(crate) fn run(host: &Host, package: &str, target: &str, filters: &[&str]) -> Outcome {
    let package = format!("--package={package}");
    let group = Group {
        targets: &[&package, target],
        filters,
        // trybuild colours its words otherwise, also where nobody sees colours.
        environment: &[("NO_COLOR", "1")],
        limit: LIMIT,
    };
    group.run(&fixture(), host, Runner::CargoTest)
}

/// Returns the names of tests, and how each ended.
pub(crate) fn endings(tests: &Tests) -> BTreeMap<&str, Ending> {
    let tests = tests.iter();
    tests
        .map(|(name, told)| (name.as_str(), told.ending))
        .collect()
}
