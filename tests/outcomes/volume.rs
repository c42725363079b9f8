//! Output by the hundred megabytes, and without end.

use super::words::line_fits;
use super::{LIMIT, PLACE, fixture};
use std::time::Duration;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::patience;

/// What the body writes.
const HUNDRED_MEGABYTES: u64 = 100_000_000;

/// libtest's own lines.
const FRAME: u64 = 1_000;

#[test]
fn a_hundred_megabytes_arrive_to_the_last_byte() {
    let (fixture, host) = fixture();
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let group = Group {
            targets: &["hostile"],
            filters: &["--exact", "volume::writing_a_hundred_megabytes"],
            environment: &[],
            limit: LIMIT,
        };
        let mut command = group.command(&fixture, &host, runner);
        command.arg("--nocapture");
        let finished = patience::run(&mut command, LIMIT);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr.text());
        let came = finished.stdout.bytes;
        assert!(
            (HUNDRED_MEGABYTES..HUNDRED_MEGABYTES + FRAME).contains(&came),
            "{came} bytes came under {runner:?}"
        );
    }
}

#[test]
fn output_without_end_does_not_keep_a_test_from_ending() {
    let (fixture, host) = fixture();
    for (test, code, timeout, words) in [
        (
            "volume::writing_without_end",
            Some(101),
            Duration::from_secs(2),
            "error: the test did not end within …s and was killed",
        ),
        // What its child writes belongs to it until it ends, and then for a moment.
        (
            "volume::leaving_a_child_that_writes_for_ever",
            Some(0),
            Duration::ZERO,
            "test result: ok. 1 passed; …",
        ),
    ] {
        let group = Group {
            targets: &["hostile"],
            filters: &["--exact", test],
            environment: &[],
            limit: LIMIT,
        };
        let mut command = group.command(&fixture, &host, Runner::CargoTest);
        let finished = patience::run(&mut command, LIMIT);
        assert_eq!(finished.code, code, "{}", finished.stderr.text());
        let text = finished.stdout.text();
        assert!(
            text.lines().any(|line| line_fits(words, line)),
            "{test} did not say `{words}`"
        );
        assert!(
            finished.took < timeout * PLACE.factor() + PLACE.slack(),
            "{test} took {:?}",
            finished.took
        );
    }
}
