//! Nodes that die, or that say what no agent says. The fixture drives them and checks how each
//! shows; this suite checks that nothing is left of them.

use super::{LIMIT, PATIENCE, endings};
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending;

/// How many tests the fixture has.
const TESTS: usize = 7;

#[test]
fn a_node_that_dies_or_breaks_the_protocol_is_an_error_at_once_and_the_others_go_on() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let group = Group {
        targets: &["--test=hostile"],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    let endings = endings(&outcome);
    assert_eq!(endings.len(), TESTS, "{text}");
    let have_passed = endings.values().all(|ending| *ending == Ending::Passed);
    assert!(have_passed, "{text}");
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}
