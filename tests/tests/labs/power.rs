//! Nodes whose power is changed, and labs that are saved and restored. The fixture examines both from
//! inside.

use super::{LIMIT, PATIENCE, TUN, endings};
use std::collections::BTreeMap;
use std::fs::File;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{Failed, Ignored, Passed};

/// Tests of the fixture, and whether a person has to start them.
const TESTS: [(&str, bool); 11] = [
    (
        "a_paused_node_answers_nothing_and_afterwards_at_once_and_its_clock_is_right",
        false,
    ),
    (
        "a_power_cut_loses_what_was_not_synchronised_and_nothing_else",
        false,
    ),
    ("a_reboot_keeps_the_disk_and_a_kill_does_not", false),
    ("what_runs_on_a_node_is_told_why_it_ends", false),
    (
        "a_container_that_starts_powered_off_is_started_by_the_test_and_has_no_power_to_cut",
        false,
    ),
    (
        "a_connection_goes_on_from_where_it_was_saved_and_copies_differ_only_in_their_random_numbers",
        false,
    ),
    ("what_cannot_be_saved_is_named", false),
    (
        "a_lab_is_saved_between_jobs_and_not_while_a_node_is_paused",
        false,
    ),
    ("a_lab_cannot_be_saved_by_a_test_on_one_of_its_nodes", false),
    ("it_serves_a_connection", true),
    ("it_has_a_connection", true),
];

#[test]
fn nodes_are_switched_off_and_on_and_paused_and_saved_and_restored() {
    let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("labs"));
    host.build_images(fixture.directory(), &["debian-12"]);
    let group = Group {
        targets: &["--test=power", "--test=snapshots"],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    // Where only root may open it, an ordinary user has no VMs in labs.
    let is_open = File::options().read(true).write(true).open(TUN).is_ok();
    let of_a_lab = if is_open { Passed } else { Failed };
    let expected =
        TESTS.map(|(name, is_ignored)| (name, if is_ignored { Ignored } else { of_a_lab }));
    assert_eq!(endings(&outcome), BTreeMap::from(expected), "{text}");
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}
