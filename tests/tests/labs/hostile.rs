//! Nodes that die, or that say what no agent says. The fixture drives them and checks how each
//! shows; this suite checks that nothing is left of them.

use super::{endings, run_leaving_nothing};
use vm_test_tests::report::Ending;

/// How many tests the fixture has.
const TESTS: usize = 7;

#[test]
fn a_node_that_dies_or_breaks_the_protocol_is_an_error_at_once_and_the_others_go_on() {
    let outcome = run_leaving_nothing("--test=hostile");
    let text = outcome.text();
    let endings = endings(&outcome);
    assert_eq!(endings.len(), TESTS, "{text}");
    let have_passed = endings.values().all(|ending| *ending == Ending::Passed);
    assert!(have_passed, "{text}");
}
