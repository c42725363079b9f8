//! The unmodified test binaries of two published crates that want root, through the runner and for root in a shell of the
//! same guest, test by test: in a container over the host's root and on a machine of its own.

use super::binaries::{Crate, Results, of_libtest, of_nextest, runner, runner_variable};
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

/// What root in the guest sees when it runs the binaries itself.
fn in_a_shell(host: &Host, place: Place, tested: &Crate) -> Results {
    let mut results = Results::new();
    for binary in &tested.binaries {
        let mut command = host.vm_test();
        let output = command
            .args(["run", place.guest(), "--"])
            .arg(binary)
            .current_dir(&tested.directory)
            .output()
            .unwrap();
        results.extend(of_libtest(&text_of(&output)));
    }
    results
}

/// What comes of the crate's tests, at least as many as `least`, on a guest of this kind.
#[track_caller]
fn as_root_would(host: &Host, place: Place, tested: &Crate, least: usize) -> Results {
    let expected = in_a_shell(host, place, tested);
    assert!(expected.len() >= least, "{place:?}: {expected:?}");
    let all_pass = expected.values().all(|passed| *passed);
    let output = tested
        .cargo(host, &["test", "--no-fail-fast"])
        .env(runner_variable(), runner(place.guest()))
        .output()
        .unwrap();
    let text = text_of(&output);
    assert_eq!(of_libtest(&text), expected, "{place:?}: {text}");
    assert_eq!(output.status.success(), all_pass, "{place:?}: {text}");
    println!("{place:?}: {expected:#?}");
    expected
}

/// The same under nextest, which has an instance for each test.
#[track_caller]
fn under_nextest(host: &Host, place: Place, tested: &Crate, expected: &Results) {
    let output = tested
        .cargo(host, &["nextest", "run", "--no-fail-fast"])
        .env(runner_variable(), runner(place.guest()))
        .output()
        .unwrap();
    let text = text_of(&output);
    assert_eq!(of_nextest(&text), *expected, "{text}");
    let all_pass = expected.values().all(|passed| *passed);
    assert_eq!(output.status.success(), all_pass, "{text}");
}

/// The tests of rtnetlink that fail on a machine, for root as well: its kernel, 6.1, is older than netkit; and macvlan wants
/// a second interface, where a guest without a network has loopback only.
const NOT_ON_A_MACHINE: [&str; 2] = [
    "link::test::create_get_delete_macvlan",
    "link::test::create_get_delete_netkit",
];

/// That it is so: there is no such driver, and above a second interface the other one can be made.
#[track_caller]
fn explained(host: &Host) {
    let script = "modprobe -n netkit; ip -o link | wc -l; ip link add lower type dummy && \
        ip link add link lower name upper type macvlan mode bridge && echo made";
    let mut command = host.vm_test();
    command.args(["run", Place::Machine.guest(), "--", "sh", "-c", script]);
    let fixture = Fixture::new("runner");
    let output = command.current_dir(fixture.directory()).output().unwrap();
    let text = text_of(&output);
    assert_eq!(output.stdout, b"1\nmade\n", "{text}");
    assert!(text.contains("Module netkit not found"), "{text}");
}

#[test]
fn rtnetlink_ends_as_it_does_for_root_in_the_guest() {
    let host = Place::Machine.host();
    let tested = Crate::new(
        &host,
        "rtnetlink",
        "0.24.0",
        &["--features", "test_as_root"],
    );
    let results = as_root_would(&host, Place::Container, &tested, 8);
    under_nextest(&host, Place::Container, &tested, &results);
    let results = as_root_would(&host, Place::Machine, &tested, 8);
    let failed = results.iter().filter(|(_, passed)| !**passed);
    let failed: Vec<_> = failed.map(|(name, _)| name.as_str()).collect();
    assert_eq!(failed, NOT_ON_A_MACHINE);
    explained(&host);
}

#[test]
fn caps_ends_as_it_does_for_root_in_the_guest() {
    let host = Place::Machine.host();
    let tested = Crate::new(&host, "caps", "0.5.6", &[]);
    let results = as_root_would(&host, Place::Container, &tested, 20);
    under_nextest(&host, Place::Container, &tested, &results);
    let results = as_root_would(&host, Place::Machine, &tested, 20);
    assert!(results.values().all(|passed| *passed), "{results:?}");
}
