//! Other processes of the guest send verdicts in a test's name, by the thousand: none counts, and
//! nothing hangs.

use super::endings::{assert_endings, fixture, limit};
use std::time::Duration;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};

/// Longer than the longest time limit of the tests. It only ends hangs.
const PATIENCE: Duration = Duration::from_secs(120);

const ITS_OWN: &str = "its own words";

/// Runs the tests that these filters select.
fn run(place: Place, filters: &[&str], runner: Runner) -> Outcome {
    let (fixture, host) = fixture(place);
    let group = Group {
        targets: &["hostile"],
        filters,
        environment: &[],
        limit: limit(place),
    };
    group.run(&fixture, &host, runner)
}

pub(crate) fn a_verdict_from_another_process_never_counts_and_never_hangs(place: Place) {
    let outcome = run(place, &["verdicts::"], Runner::CargoTest);
    let seconds = 3 * place.factor();
    let too_late = format!("the test did not end within {seconds}s and was killed");
    let failing = [
        ("verdicts::failing_beside_a_flood_of_garbage", ITS_OWN),
        (
            "verdicts::failing_beside_verdicts_with_another_nonce",
            ITS_OWN,
        ),
        (
            "verdicts::failing_beside_verdicts_with_its_own_nonce",
            ITS_OWN,
        ),
        (
            "verdicts::leaving_without_a_verdict_beside_forged_ones",
            "no verdict: the test process exited with code 0 before the test ended",
        ),
        ("verdicts::never_ending_beside_forged_verdicts", &too_late),
    ];
    let mut expected = failing.map(|(name, _)| (name, Failed)).to_vec();
    expected.push(("verdicts::a_test_passes_beside_a_flood_of_garbage", Passed));
    assert_endings(&outcome, &expected);
    for (name, words) in failing {
        let told = &outcome.tests[name];
        assert!(told.stdout.contains(words), "{name}: {told:#?}");
    }
    let took = outcome.finished.took;
    assert!(took < PATIENCE * place.factor(), "it took {took:?}");
}

pub(crate) fn a_verdict_from_a_process_that_came_before_the_body_does_not_count_either(
    place: Place,
) {
    // Their sites are on helpers, and end the test's process.
    let outcome = run(place, &["early::"], Runner::Nextest);
    let failing = [
        ("early::failing_behind_forged_verdicts", ITS_OWN),
        (
            "early::leaving_without_a_verdict_behind_forged_ones",
            "no verdict: the test process exited with code 0 before the test ended",
        ),
    ];
    assert_endings(&outcome, &failing.map(|(name, _)| (name, Failed)));
    for (name, words) in failing {
        let told = &outcome.tests[name];
        assert!(told.stderr.contains(words), "{name}: {told:#?}");
    }
}
