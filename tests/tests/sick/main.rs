//! Faults of nodes, each seen by an ordinary, unmodified server, and each undone: redis,
//! nginx, mariadb. Their fixture examines both from inside; this suite checks how its tests ended,
//! and that nothing is left, not even after a kill.

mod in_full;
mod kills;

use std::collections::BTreeMap;
use std::time::Duration;
use vm_test_tests::campaign;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{Ignored, Passed};

/// The time limit for a run: much longer than it takes. It only ends hangs.
const LIMIT: Duration = Duration::from_secs(900);

/// How long the end of a daemon may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tests of the fixture in containers. All pass.
const TESTS: [&str; 9] = [
    "redis_refuses_writes_while_its_disk_is_full",
    "redis_refuses_writes_while_its_disk_is_read_only",
    "what_a_program_would_not_notice_is_not_made_read_only",
    "nginx_answers_nobody_while_it_stands_still_and_everybody_afterwards",
    "nginx_serves_a_damaged_file_as_it_is_and_then_the_whole_one",
    "redis_is_killed_when_others_have_the_memory_and_has_room_afterwards",
    "redis_takes_several_times_as_long_while_others_have_the_processors",
    "what_a_container_cannot_have_is_named",
    "a_single_guest_has_faults_too_and_a_panic_undoes_them",
];

/// Runs all tests of one target of the fixture but the one to be killed; asserts that they pass and
/// leave nothing.
fn all_pass(target: &str, tests: &[&str]) {
    let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("sick"));
    host.build_images(fixture.directory(), &["sick"]);
    let group = Group {
        targets: &[target],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    let told = outcome.tests.iter();
    let told: BTreeMap<_, _> = told
        .map(|(name, told)| (name.as_str(), told.ending))
        .collect();
    let expected = tests
        .iter()
        .map(|name| (*name, Passed))
        .chain([(kills::TEST, Ignored)]);
    assert_eq!(told, expected.collect(), "{text}");
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn servers_in_containers_see_the_faults_of_their_node_and_their_end() {
    all_pass("--test=containers", &TESTS);
}

#[test]
fn containers_that_have_faults_leave_nothing_whenever_test_or_daemon_is_killed() {
    kills::leave_nothing("containers", campaign::length(20, 2));
}
