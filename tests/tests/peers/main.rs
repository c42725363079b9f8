//! Programs whose work takes several hosts, unchanged, on the nodes of labs: wireguard, frr,
//! keepalived. Their fixture judges them by the packets that arrive.

use std::time::Duration;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::Passed;

/// The time limit for a run: much longer than it takes. It only ends hangs.
const LIMIT: Duration = Duration::from_secs(900);

fn passes(target: &'static str, test: &str) {
    let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("peers"));
    host.build_images(fixture.directory(), &["peers"]);
    let target = format!("--test={target}");
    let group = Group {
        targets: &[&target],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    assert_eq!(outcome.tests.len(), 1, "{text}");
    let told = outcome.tests.get(test);
    assert_eq!(told.map(|told| told.ending), Some(Passed), "{text}");
}

#[test]
fn wireguard_carries_traffic_between_two_vms() {
    let test = "a_tunnel_between_two_nodes_carries_traffic_and_hides_it";
    passes("wireguard", test);
}

#[test]
fn bgp_converges_on_two_nodes_with_frr() {
    passes("routing", "two_routers_learn_each_others_networks");
}

#[test]
fn keepalived_moves_an_address_when_the_master_is_paused() {
    let test = "the_backup_takes_the_address_when_the_master_is_paused";
    passes("failover", test);
}
