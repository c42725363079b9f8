//! Links whose packets are delayed, lost, doubled, damaged and mixed up: the fixture examines them
//! from inside. Here is how often, that nothing is left, and what the command line does to links.

use super::{LIMIT, PATIENCE, endings};
use rustix::process::Signal;
use std::collections::BTreeMap;
use vm_test_tests::campaign::length;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that, vm_test};
use vm_test_tests::report::Ending::Passed;

/// Tests of the fixture. All pass.
const TESTS: [&str; 9] = [
    "a_delay_is_that_of_each_direction",
    "loss_comes_out_as_asked_for_and_a_seed_repeats_it",
    "a_rate_is_that_of_what_arrives",
    "exactly_the_packet_that_is_meant_is_lost",
    "packets_are_doubled_overtaken_damaged_and_counted_as_rules_say",
    "what_waits_goes_on_when_its_impairment_ends",
    "a_connection_brings_everything_whole_through_bad_links",
    "when_all_have_ended_the_network_is_as_before",
    "each_mistake_about_impairments_is_named",
];

#[test]
fn impairments_of_links_are_as_ordered_and_leave_nothing() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let rounds = length(100, 10).to_string();
    let group = Group {
        targets: &["--test=faults"],
        filters: &["--skip", "on_vms::"],
        environment: &[("LABS_ROUNDS", &rounds)],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    let expected = TESTS.map(|name| (name, Passed));
    assert_eq!(endings(&outcome), BTreeMap::from(expected), "{text}");
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

/// Returns how long an echo takes from a node of the held lab to another one, in milliseconds.
fn echo(host: &Host, from: &str, to: &str) -> Option<f64> {
    let pinged = vm_test(
        host,
        &[
            "lab", "exec", "office", from, "--", "ping", "-c1", "-w2", to,
        ],
    );
    let (_, rest) = pinged.out.split_once(" time=")?;
    rest.split(' ').next()?.parse().ok()
}

#[test]
fn a_link_of_a_held_lab_is_bad_while_a_command_runs_and_no_longer() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let mut up = host.vm_test();
    up.args(["lab", "up", "office"])
        .current_dir(fixture.directory());
    let up = Running::start(&mut up).finish();
    assert_eq!(up.code(), Some(0), "{up:?}");
    let echo = || echo(&host, "a", "b");
    assert!(echo().is_some_and(|time| time < 200.0));
    let impair = |wanted: &[&str]| {
        let mut command = host.vm_test();
        command.args(["lab", "impair", "office", "a"]).args(wanted);
        Running::start(&mut command)
    };
    let slow = impair(&["lan", "--delay", "100ms", "--corrupt", "0"]);
    // What is under way when it begins may be lost.
    let is_slow = || echo().is_some_and(|time| time >= 200.0);
    await_that("the link is slow", PATIENCE, is_slow);
    slow.signal(Signal::INT);
    let slow = slow.finish();
    assert_eq!(slow.code(), Some(0), "{slow:?}");
    let said = slow.err.lines().next().unwrap_or_default();
    assert!(said.contains("the link of node `a` to network `lan` of lab "));
    let lines: Vec<_> = slow.out.lines().collect();
    assert_eq!(lines.len(), 2, "{slow:?}");
    assert!(lines[0].starts_with("corrupt: 0 of "), "{slow:?}");
    let (hits, matched) = lines[1]
        .strip_prefix("delay: ")
        .and_then(|rest| rest.strip_suffix(" packets"))
        .and_then(|rest| rest.split_once(" of "))
        .unwrap_or_else(|| panic!("{slow:?}"));
    assert!(hits == matched && hits != "0", "{slow:?}");
    assert!(echo().is_some_and(|time| time < 200.0));
    let wrong = impair(&["wan", "--loss", "1"]).finish();
    assert_eq!(wrong.code(), Some(1), "{wrong:?}");
    assert!(
        wrong.err.contains("node `a` is not on that network"),
        "{wrong:?}"
    );
}

mod in_full {
    use super::*;

    /// Tests of the fixture with VMs. All pass.
    const TESTS: [&str; 7] = [
        "on_vms::a_delay_of_a_vm_is_that_of_each_direction",
        "on_vms::loss_of_a_vm_comes_out_as_asked_for_and_a_seed_repeats_it",
        "on_vms::a_rate_of_a_vm_is_that_of_what_arrives",
        "on_vms::exactly_the_packet_that_is_meant_is_lost_between_vms",
        "on_vms::rules_hold_from_a_container_to_a_vm_and_back",
        "on_vms::what_waits_for_a_vm_goes_on_when_its_impairment_ends",
        "on_vms::a_connection_of_a_vm_brings_everything_whole_through_bad_links",
    ];

    #[test]
    fn links_of_vms_are_impaired_alike() {
        let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("labs"));
        host.build_images(fixture.directory(), &["debian-12"]);
        let group = Group {
            targets: &["--test=faults"],
            filters: &["on_vms::"],
            environment: &[],
            limit: LIMIT,
        };
        let outcome = group.run(&fixture, &host, Runner::CargoTest);
        let text = outcome.text();
        let expected = TESTS.map(|name| (name, Passed));
        assert_eq!(endings(&outcome), BTreeMap::from(expected), "{text}");
    }
}
