//! Links that are cut or held, partitions, and captures: the fixture examines them from inside. Here
//! is what a failed test leaves on the host.

use super::{LIMIT, PATIENCE, endings};
use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{self, Failed, Passed};

/// Tests of the fixture, and how each ends.
const TESTS: [(&str, Ending); 7] = [
    (
        "a_link_is_cut_both_ways_or_one_way_until_its_guard_drops",
        Passed,
    ),
    ("a_connection_outlives_a_link_that_is_held", Passed),
    ("each_frame_that_was_held_arrives_once_and_in_order", Passed),
    (
        "a_partition_separates_its_groups_on_every_network_and_nothing_else",
        Passed,
    ),
    ("much_passes_whole_through_a_link_in_the_relay", Passed),
    ("each_mistake_about_links_is_named", Passed),
    ("what_was_sent_before_a_failure_is_kept", Failed),
];

/// What the test that fails has sent: before its body asked for a capture, and after that.
const BEFORE: &str = "the words before the failure";
const AFTER: &str = "the words of the failure";

#[test]
fn links_fail_as_ordered_and_a_failed_test_leaves_what_was_sent() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let group = Group {
        targets: &["--test=links"],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    assert_eq!(endings(&outcome), BTreeMap::from(TESTS), "{text}");

    let printed = |words: &str| {
        let mut lines = text.lines().filter_map(|line| line.split_once(words));
        let (_, rest) = lines.next().unwrap_or_else(|| panic!("{words}: {text}"));
        rest.split(' ').next().unwrap_or_default().to_owned()
    };
    let asked_for = printed("captured: ");
    let kept = printed("vm-test: the last frames of network `lan`: ");
    assert_ne!(asked_for, kept);
    for (path, has_the_end) in [(&asked_for, false), (&kept, true)] {
        let bytes = fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(bytes[..4], [0x4d, 0x3c, 0xb2, 0xa1], "{path}");
        assert!(has(&bytes, BEFORE), "{path}");
        assert_eq!(has(&bytes, AFTER), has_the_end, "{path}");
        assert_private(Path::new(path));
    }
    // Only a test that fails leaves them.
    assert_eq!(text.matches("the last frames of network `lan`").count(), 1);

    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

/// Returns whether these bytes have these words somewhere.
fn has(bytes: &[u8], words: &str) -> bool {
    bytes
        .windows(words.len())
        .any(|window| window == words.as_bytes())
}

/// Asserts that only its user can read a file.
fn assert_private(path: &Path) {
    let mode = |path: &Path| {
        fs::metadata(path)
            .expect("it is there")
            .permissions()
            .mode()
            & 0o777
    };
    let directory = path.parent().expect("it is in a directory");
    assert_eq!((mode(path), mode(directory)), (0o600, 0o700));
}
