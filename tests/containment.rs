//! What of a guest stays in it, examined file by file and namespace by namespace: changes to the host's files and to those
//! of the workspace, what another guest holds, crowds of processes, verdicts. The fixture `containment` has the bodies.
//! The suite `hostile` has the attacks on the kernel, on devices, on the agent.

#[path = "containment/bait.rs"]
mod bait;
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
use vm_test_tests::group::Outcome;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending;

/// How long a group of tests may take: much longer than it does, and shorter than a hang.
const LIMIT: Duration = Duration::from_secs(300);

/// The built fixture, and a host of its own for a test.
fn fixture() -> (Fixture, Host) {
    let (fixture, host) = (Fixture::new("containment"), Host::new());
    fixture.build(&host);
    (fixture, host)
}

/// Asserts that exactly these tests ran, and ended so; says all that differs at once.
///
/// # Panics
/// If anything differs.
#[track_caller]
fn assert_endings(outcome: &Outcome, expected: &[(&str, Ending)]) {
    let mut wrong = String::new();
    for (name, ending) in expected {
        match outcome.tests.get(*name) {
            Some(told) if told.ending == *ending && told.times == 1 => {}
            Some(told) => wrong += &format!("{name} has not {ending:?}: {told:#?}\n"),
            None => wrong += &format!("{name} did not run\n"),
        }
    }
    for name in outcome.tests.keys() {
        if !expected.iter().any(|(known, _)| known == name) {
            wrong += &format!("{name} is not expected\n");
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
