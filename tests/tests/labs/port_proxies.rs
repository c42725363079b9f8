//! Proxies before ports of nodes: the fixture's clients and a real redis examine them from inside.
//! Here is how the tests ended, and that nothing is left.

use super::{LIMIT, PATIENCE, endings};
use std::collections::BTreeMap;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::Passed;

/// Tests of the fixture. All pass.
const TESTS: [&str; 8] = [
    "an_error_comes_on_the_named_command_only_from_all_other_nodes_by_ipv4_and_ipv6",
    "a_seed_chooses_the_same_exchanges_on_any_number_of_connections_and_hits_are_what_is_missing",
    "when_a_proxy_ends_its_clients_talk_to_the_server_again",
    "open_connections_end_when_a_proxy_begins_and_when_it_ends",
    "what_is_aborted_has_been_done_and_what_is_blacked_out_has_not",
    "links_with_faults_lead_through_the_proxy_as_healthy_ones_do",
    "each_mistake_about_proxies_is_named",
    "a_lab_has_sixteen_proxies_at_a_time_and_room_again_when_one_ends",
];

/// Runs the tests of one target of the fixture; asserts that they pass and leave nothing.
fn all_pass(host: &Host, fixture: &Fixture, target: &str, tests: &[&str]) {
    let group = Group {
        targets: &[target],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.build(fixture, host);
    let before = Census::take(host);
    let outcome = group.run(fixture, host, Runner::CargoTest);
    let text = outcome.text();
    let expected = tests.iter().map(|name| (*name, Passed));
    assert_eq!(
        endings(&outcome),
        expected.collect::<BTreeMap<_, _>>(),
        "{text}"
    );
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn a_proxy_takes_the_place_of_a_port_and_leaves_nothing() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    all_pass(&host, &fixture, "--test=port_proxies", &TESTS);
}

mod in_full {
    use super::*;

    #[test]
    fn a_client_that_is_a_vm_meets_the_proxy_too() {
        let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("labs"));
        host.build_images(fixture.directory(), &["debian-12"]);
        let tests = ["a_vm_meets_the_proxy_and_after_it_the_server"];
        all_pass(&host, &fixture, "--test=port_proxies_on_vms", &tests);
    }
}
