//! The environment of a body: its package, programs, variables and devices; and that nothing of
//! what it does is left.

use super::{count, limit};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::{Group, Outcome};
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};
use vm_test_tests::report::Told;

const TESTS: &[&str] = &[
    "a_named_variable_comes_in_and_no_other",
    "a_program_of_the_package_runs",
    "a_variable_that_the_file_names_comes_in",
    "devices::a_file_system_in_user_space_can_be_mounted",
    "devices::a_tunnel_can_be_made",
    "devices::none_is_there_that_was_not_asked_for",
    "devices::the_hardware_is_not_there",
    "it_is_root_and_may_change_what_is_its_own",
    "the_guest_finds_itself_by_its_name",
    "the_guest_has_the_name_that_the_test_asks_for",
    "the_loopback_interface_is_up",
    "the_namespaces_are_its_own",
    "the_package_is_where_it_is_on_the_host",
    "what_cargo_names_is_there_and_temporary_files_can_be_made",
    "what_it_writes_is_there_until_it_ends",
];

/// The devices that a test asks for, in the order in which it opens them.
const DEVICES: [(&str, &[&str]); 2] = [
    (
        "devices::a_file_system_in_user_space_can_be_mounted",
        &["/dev/fuse"],
    ),
    (
        "devices::a_tunnel_can_be_made",
        &["/dev/net/tun", "/dev/fuse"],
    ),
];

/// Tests that look for hardware that only a VM has, and the device that they find.
const OWN_HARDWARE: [(&str, &str); 2] = [
    ("devices::the_hardware_is_not_there", "/dev/vda"),
    (
        "devices::none_is_there_that_was_not_asked_for",
        "/dev/net/tun",
    ),
];

/// The file that a body writes wherever it can.
const WRITTEN: &str = "written-in-a-guest.txt";

const ENVIRONMENT: [(&str, &str); 3] = [
    ("FIXTURE_TOLD", "told"),
    ("FIXTURE_NOT_TOLD", "not told"),
    ("FIXTURE_TOLD_BY_FILE", "told by the file"),
];

pub(crate) fn a_body_finds_its_world_and_leaves_the_hosts_as_it_was_under_cargo_test(place: Place) {
    check(place, Runner::CargoTest);
}

pub(crate) fn a_body_finds_its_world_and_leaves_the_hosts_as_it_was_under_nextest(place: Place) {
    check(place, Runner::Nextest);
}

fn check(place: Place, runner: Runner) {
    let (fixture, host) = (Fixture::new("attributes"), place.host());
    let all = Group {
        targets: &["world"],
        filters: &[],
        environment: &ENVIRONMENT,
        limit: limit(place),
    };
    let before = contents(fixture.directory());
    let outcome = all.run(&fixture, &host, runner);
    let ran: Vec<_> = outcome.tests.keys().map(String::as_str).collect();
    assert_eq!(ran, TESTS, "{}", outcome.text());
    for (test, told) in &outcome.tests {
        let asked = DEVICES.iter().find(|(name, _)| name == test);
        match asked.and_then(|(_, devices)| closed(place, devices)) {
            _ if own_device(place, test).is_some() => assert_own(place, test, told),
            None => assert_eq!(told.ending, Passed, "{test}: {told:#?}"),
            Some(device) => assert_refusal(test, told, device),
        }
    }
    let named = &outcome.tests["the_guest_has_the_name_that_the_test_asks_for"];
    assert_eq!(count(named, "on worker-1"), 1, "{named:#?}");
    let program = &outcome.tests["a_program_of_the_package_runs"];
    let line = format!("on {}", place.guest());
    assert_eq!(count(program, &line), 1, "{program:#?}");
    // The namespaces of a VM belong to another kernel, which numbers its first ones as this one
    // does.
    if place == Place::Container {
        assert_namespaces(&outcome);
    }
    assert_eq!(
        contents(fixture.directory()),
        before,
        "the fixture was changed"
    );
    let temporary = fixture.target().join("tmp");
    assert!(temporary.is_dir(), "there is no {}", temporary.display());
    for dir in [&temporary, Path::new("/tmp"), Path::new("/run")] {
        let file = dir.join(WRITTEN);
        assert!(!file.exists(), "{} was left", file.display());
    }
    assert!(!Path::new("/mnt/made-in-a-guest").exists());
}

/// Returns the device that a test finds, though it should not in a container.
fn own_device(place: Place, test: &str) -> Option<&'static str> {
    let mut own = OWN_HARDWARE.iter().filter(|_| place == Place::Vm);
    own.find(|(name, _)| *name == test)
        .map(|(_, device)| *device)
}

fn assert_own(place: Place, test: &str, told: &Told) {
    let device = own_device(place, test).unwrap_or_default();
    assert_eq!(told.ending, Failed, "{test}: {told:#?}");
    let text = format!("{}{}", told.stdout, told.stderr);
    assert!(text.contains(&format!("{device} is there")), "{text}");
}

/// Returns the first device that this user may not open. A test that asks for it must fail and name
/// it.
fn closed<'a>(place: Place, devices: &[&'a str]) -> Option<&'a str> {
    let is_closed = |device: &&str| {
        let mut options = fs::File::options();
        options.read(true).write(true).open(device).is_err()
    };
    // A VM has its own devices.
    devices
        .iter()
        .copied()
        .find(|device| place == Place::Container && is_closed(device))
}

fn assert_refusal(test: &str, told: &Told, device: &str) {
    assert_eq!(told.ending, Failed, "{test}: {told:#?}");
    let text = format!("{}{}", told.stdout, told.stderr);
    let error =
        format!("error: cannot start guest `host`: this host cannot give it the device {device}: ");
    let module = device.rsplit('/').next().unwrap_or_default();
    let hint =
        format!("hint: on the host: modprobe {module}, and let this user read and write {device}");
    assert!(
        text.contains(&error) && text.contains(&hint),
        "{test} says\n{text}"
    );
}

fn assert_namespaces(outcome: &Outcome) {
    let told = &outcome.tests["the_namespaces_are_its_own"];
    for name in ["pid", "mnt", "net", "ipc", "uts", "user"] {
        let start = format!("namespace {name} ");
        let theirs = told
            .stdout
            .lines()
            .find_map(|line| line.strip_prefix(&start));
        let ours = fs::read_link(format!("/proc/self/ns/{name}")).expect("a link");
        let theirs = theirs.unwrap_or_else(|| panic!("there is no {name} in {told:#?}"));
        assert!(theirs.starts_with(&format!("{name}:[")), "{theirs}");
        assert_ne!(
            Path::new(theirs),
            ours,
            "the guest has the {name} namespace of the host"
        );
    }
}

/// Returns all files below a directory, with their contents.
fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut directories = vec![directory.to_path_buf()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)
            .expect("it can be listed")
            .flatten()
        {
            let path = entry.path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let content = fs::read(&path).expect("it can be read");
                found.insert(path, content);
            }
        }
    }
    found
}
