//! Labs: several guests on networks of their own, and one test that drives them. The fixture
//! examines the lab from inside; this suite checks from outside how each test ended, and that
//! nothing is left.

mod ahead;
mod as_root_in_full;
mod faults;
mod handles;
mod held;
mod hostile;
mod kept;
mod kills;
mod links;
mod orders;
mod outside;
mod own_link;
mod port_proxies;
mod power;
mod shop;
mod tools;

use std::collections::BTreeMap;
use std::fs::File;
use std::time::Duration;
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::host::Host;
use vm_test_tests::report::Ending::{self, Failed, Ignored, Passed};

/// The time limit for a run: much longer than it takes. It only ends hangs.
const LIMIT: Duration = Duration::from_secs(400);

/// The device that links VMs to networks.
const TUN: &str = "/dev/net/tun";

/// How long the end of a daemon may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Tests of the fixture, how each ends, and what it says.
const TESTS: [(&str, Ending, &str); 17] = [
    (
        "the_driver_is_on_no_network_and_has_all_nodes_talk_to_their_neighbours",
        Passed,
        "",
    ),
    ("a_test_on_a_node_serves_the_other_nodes_itself", Passed, ""),
    (
        "names_resolve_on_every_node_and_nodes_without_a_common_network_do_not_meet",
        Passed,
        "",
    ),
    (
        "a_call_that_fails_says_how_and_where_and_the_node_goes_on",
        Passed,
        "",
    ),
    (
        "a_command_has_its_input_and_its_output_and_its_end",
        Passed,
        "",
    ),
    (
        "nodes_work_at_the_same_time_and_each_does_several_things_at_once",
        Passed,
        "",
    ),
    (
        "two_calls_at_once_on_one_node_talk_to_each_other",
        Passed,
        "",
    ),
    (
        "of_many_commands_at_once_on_one_node_each_has_its_own_output_and_end",
        Passed,
        "",
    ),
    (
        "a_test_uses_its_own_node_too_in_other_processes",
        Passed,
        "",
    ),
    (
        "what_is_printed_without_end_on_a_node_holds_up_nothing_else_there",
        Passed,
        "",
    ),
    (
        "what_takes_all_the_memory_of_a_node_is_ended_and_nothing_else_there",
        Passed,
        "",
    ),
    ("a_call_cannot_use_the_lab_itself", Passed, ""),
    (
        "what_a_test_leaves_running_on_a_node_ends_with_it",
        Passed,
        "",
    ),
    (
        "this_test_has_no_lab",
        Failed,
        "cannot use the lab: this is not the body of a test with a lab",
    ),
    (
        "this_node_is_not_there",
        Failed,
        "cannot run the test on node `gv` of lab `office`: the lab has no such node",
    ),
    ("this_lab_is_not_there", Failed, "did you mean `office`?"),
    ("it_waits_on_a_node", Ignored, ""),
];

/// Returns the names of tests, and how each ended.
fn endings(outcome: &Outcome) -> BTreeMap<&str, Ending> {
    let tests = outcome.tests.iter();
    tests
        .map(|(name, told)| (name.as_str(), told.ending))
        .collect()
}

/// Runs all tests of one target of the fixture, on a host of its own; asserts that they and their
/// daemon leave nothing.
fn run_leaving_nothing(target: &str) -> Outcome {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let group = Group {
        targets: &[target],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let stopped = host.vm_test().arg("stop").status();
    assert!(stopped.expect("vm-test starts").success());
    assert_eq!(before.settle(PATIENCE), [""; 0]);
    outcome
}

#[test]
fn a_test_drives_the_nodes_of_its_lab_and_each_mistake_is_named() {
    let outcome = run_leaving_nothing("--test=labs");
    let text = outcome.text();
    let told = endings(&outcome);
    let expected = TESTS.map(|(name, ending, _)| (name, ending));
    assert_eq!(told, BTreeMap::from(expected), "{text}");
    for (name, _, words) in TESTS {
        assert!(text.contains(words), "{name}: {words}: {text}");
    }
}

/// Runs the tests of one target of the fixture; asserts how each ended and what it said.
fn assert_ends(target: &str, expected: &[(&str, Ending, &str)]) {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let group = Group {
        targets: &[target],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    let told = endings(&outcome);
    let endings = expected.iter().map(|(name, ending, _)| (*name, *ending));
    assert_eq!(told, endings.collect(), "{text}");
    for (name, _, words) in expected {
        assert!(text.contains(words), "{name}: {words}: {text}");
    }
}

#[test]
fn a_small_lab_may_stand_at_its_test() {
    assert_ends(
        "--test=site",
        &[
            (
                "all_nodes_of_a_lab_at_the_site_are_on_one_network",
                Passed,
                "",
            ),
            ("without_a_node_the_driver_runs_the_test", Passed, ""),
            (
                "this_guest_is_not_there",
                Failed,
                "cannot use node `a` of lab `site`: there is no guest `hots`",
            ),
            (
                "this_guest_cannot_be_a_node",
                Failed,
                "cannot use node `a` of lab `site`: guest `root` is privileged",
            ),
            (
                "this_node_is_not_at_the_site",
                Failed,
                "cannot run the test on node `bata` of lab `site`: the lab has no such node",
            ),
        ],
    );
}

#[test]
fn routers_translate_and_filter_as_their_kind_says() {
    let names = [
        "behind_an_easy_router_a_port_is_the_same_for_everybody_and_anybody_may_answer",
        "behind_a_hard_router_each_destination_sees_another_port_and_only_it_may_answer",
        "behind_a_one_to_one_router_each_node_has_its_own_address_outside_both_ways",
        "what_begins_outside_gets_through_no_translating_router",
        "routers_may_lead_to_networks_behind_routers",
    ];
    assert_ends("--test=routers", &names.map(|name| (name, Passed, "")));
}

#[test]
fn containers_and_vms_are_on_one_network() {
    let (host, fixture) = (Host::new().with_shared_store(), Fixture::new("labs"));
    host.build_images(fixture.directory(), &["debian-12"]);
    let group = Group {
        targets: &["--test=mixed", "--test=topology"],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    let told = endings(&outcome);
    let tests = [
        "containers_and_vms_talk_to_each_other_both_ways",
        "a_vm_behind_a_router_reaches_what_is_upstream",
        "long_frames_pass_whole_between_a_container_and_a_vm_in_the_relay",
        "a_vm_has_the_interfaces_of_the_file_too",
    ];
    let of_containers = "the_links_of_the_file_are_there_with_its_interfaces";
    let mut device = File::options();
    // Where only root may open it, an ordinary user is told so.
    let is_open = device.read(true).write(true).open(TUN).is_ok();
    let expected = if is_open { Passed } else { Failed };
    let expected = tests.map(|test| (test, expected));
    let mut expected = BTreeMap::from(expected);
    expected.insert(of_containers, Passed);
    assert_eq!(told, expected, "{text}");
    let words = format!("hint: VMs in labs need {TUN}, which only root may open here");
    assert_eq!(text.contains(&words), !is_open, "{text}");
}

#[test]
fn two_labs_at_once_with_the_same_addresses_never_meet() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let group = Group {
        targets: &["--test=twice"],
        filters: &[],
        environment: &[],
        limit: LIMIT,
    };
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let text = outcome.text();
    let expected = BTreeMap::from([("another", Passed), ("one", Passed)]);
    assert_eq!(endings(&outcome), expected, "{text}");
    let lines = text.lines().filter(|line| line.starts_with("lab "));
    let words: Vec<Vec<_>> = lines
        .map(|line| line.split_whitespace().collect())
        .collect();
    let [first, second] = words.as_slice() else {
        panic!("two lines of two labs: {text}");
    };
    assert_eq!(first[2], second[2], "the addresses");
    let time = |words: &[&str], at: usize| words[at].parse::<u64>().expect("a time");
    let (began, ended) = (time(first, 4), time(first, 6));
    let together = time(second, 4) < ended && began < time(second, 6);
    assert!(together, "{text}");
}
