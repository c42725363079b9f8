//! Nodes that die, or that say what no agent says. The fixture drives them and checks how each
//! shows; this suite checks that nothing is left of them.

use super::{endings, run_leaving_nothing};
use vm_test_tests::report::Ending;

/// How many tests the fixture has.
const TESTS: usize = 8;

#[test]
fn a_node_that_dies_or_breaks_the_protocol_is_an_error_at_once_and_the_others_go_on() {
    let outcome = run_leaving_nothing("--test=hostile");
    let text = outcome.text();
    let endings = endings(&outcome);
    assert_eq!(endings.len(), TESTS, "{text}");
    let have_passed = endings.values().all(|ending| *ending == Ending::Passed);
    assert!(have_passed, "{text}");
    let silent = "vm-test: `a_node_that_does_not_answer_is_not_waited_for_at_the_end_of_the_test`: not all artifacts of node `a` were brought back: the guest did not answer for 10s after it was asked for what jobs have left";
    assert!(text.contains(silent), "{text}");
}
