//! The raid: all bodies that try something, in one run of `cargo test`, between two examinations of the host. Each test
//! looks at one thing that they tried.

use super::bait::Bait;
use super::canaries::Canaries;
use super::{LIMIT, fixture};
use std::sync::OnceLock;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::report::{Ending, Tests};

/// What there is to say of the raid.
struct Raid {
    tests: Tests,
    text: String,
    before: Canaries,
    after: Canaries,
    visits: Vec<String>,
}

const MODULES: &[&str] = &[
    "control_groups::",
    "devices::",
    "escapes::",
    "files::",
    "kernel::",
    "mounts::",
    "network::",
    "processes::",
];

/// Every test of this process is about the same raid.
static RAID: OnceLock<Raid> = OnceLock::new();

fn raid() -> &'static Raid {
    RAID.get_or_init(|| {
        let (fixture, host) = fixture();
        let mut bait = Bait::lay_out(&fixture);
        let before = Canaries::examine(&bait);
        let directory = bait.directory().to_str().expect("UTF-8").to_owned();
        let group = Group {
            targets: &["hostile"],
            filters: MODULES,
            environment: &[("CONTAINMENT_BAIT", &directory)],
            limit: LIMIT,
        };
        let outcome = group.run(&fixture, &host, Runner::CargoTest);
        // What a guest does by way of its own end is done now.
        host.stop();
        Raid {
            after: Canaries::examine(&bait),
            visits: bait.visits(),
            text: outcome.text(),
            tests: outcome.tests,
            before,
        }
    })
}

/// Asserts that the tests of these modules and names, at least `count`, have all passed in their guests.
#[track_caller]
fn assert_held(prefixes: &[&str], count: usize) {
    let raid = raid();
    let tried: Vec<_> = raid
        .tests
        .iter()
        .filter(|(name, _)| prefixes.iter().any(|prefix| name.starts_with(prefix)))
        .collect();
    assert!(
        tried.len() >= count,
        "only {} ran:\n{}",
        tried.len(),
        raid.text
    );
    let mut failed = String::new();
    for (name, told) in tried {
        if told.ending != Ending::Passed {
            failed += &format!("{name}\n{}{}\n", told.stdout, told.stderr);
        }
    }
    assert!(failed.is_empty(), "{failed}");
}

#[track_caller]
fn assert_unchanged(what: fn(&Canaries, &Canaries) -> Vec<String>) {
    let wrong = what(&raid().before, &raid().after);
    assert!(wrong.is_empty(), "on the host:\n{}", wrong.join("\n"));
}

#[test]
fn the_settings_and_the_modules_of_the_kernel_stay_as_they_are() {
    assert_held(
        &[
            "kernel::a_setting",
            "kernel::a_knob",
            "kernel::a_module",
            "kernel::the_kernels",
        ],
        5,
    );
    assert_unchanged(Canaries::settings);
}

#[test]
fn the_keys_of_the_system_request_are_not_a_guests_to_press() {
    assert_held(&["kernel::the_keys"], 1);
}

#[test]
fn the_clock_of_the_host_stays_as_it_is() {
    assert_held(&["kernel::the_clock"], 1);
    assert_unchanged(Canaries::clock);
}

#[test]
fn the_name_of_the_host_stays_as_it_is() {
    assert_held(&["kernel::a_new_host_name"], 1);
    assert_unchanged(Canaries::names);
}

#[test]
fn the_mounts_of_the_host_stay_as_they_are() {
    assert_held(&["mounts::"], 4);
    assert_unchanged(Canaries::mounts);
}

#[test]
fn the_disks_and_devices_of_the_host_are_out_of_reach() {
    assert_held(&["devices::"], 5);
    assert_unchanged(Canaries::devices);
}

#[test]
fn the_processes_of_the_host_are_out_of_reach() {
    assert_held(&["processes::"], 4);
    assert!(raid().before.process.starts_with("alive"));
    assert_eq!(raid().before.process, raid().after.process);
}

#[test]
fn the_files_of_the_host_stay_as_they_are() {
    assert_held(&["files::"], 4);
    assert_unchanged(Canaries::files);
}

#[test]
fn a_guest_finds_no_way_out_of_its_root() {
    assert_held(&["escapes::a_"], 2);
    assert_unchanged(Canaries::files);
}

#[test]
fn the_agents_file_on_the_host_stays_as_it_is() {
    assert_held(&["escapes::the_agents_file"], 1);
    assert_unchanged(Canaries::agent);
}

#[test]
fn the_control_groups_of_the_host_stay_as_they_are() {
    assert_held(&["control_groups::"], 2);
    assert_unchanged(Canaries::groups);
}

#[test]
fn the_sockets_and_pipes_of_the_host_have_no_visit() {
    assert_held(&["network::"], 3);
    assert_eq!(raid().visits, Vec::<String>::new());
}

#[test]
fn every_test_of_the_raid_ran_once() {
    let raid = raid();
    for (name, told) in &raid.tests {
        assert_eq!(told.times, 1, "{name}");
    }
    assert_eq!(raid.tests.len(), 33, "{:#?}", raid.tests.keys());
}
