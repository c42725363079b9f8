//! One test on each guest of a list: runners see each by its name, it runs only on that guest, and
//! filters find it.

use super::{count, limit};
use vm_test_tests::fixture::{Fixture, Runner, text_of};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::Passed;

/// All tests of the fixture, each with the guest that its body names.
const TESTS: &[(&str, &str)] = &[
    ("asynchronous_on_machine", "machine"),
    ("asynchronous_on_worker_1", "worker-1"),
    ("below_rstest::case_1_on_worker_1", "worker-1"),
    ("below_rstest::case_1_on_worker_2", "worker-2"),
    ("grouped_on_worker_1", "worker-1"),
    ("grouped_on_worker_2", "worker-2"),
    ("inner::match_on_worker_1", "worker-1"),
    ("inner::match_on_worker_2", "worker-2"),
    ("panicking_on_machine", "machine"),
    ("panicking_on_worker_1", "worker-1"),
    ("plain_on_machine", "machine"),
    ("plain_on_worker_1", "worker-1"),
    ("plain_on_worker_2", "worker-2"),
    ("with_rstest_on_worker_1::case_1", "worker-1"),
    ("with_rstest_on_worker_1::case_2_named", "worker-1"),
    ("with_rstest_on_worker_2::case_1", "worker-2"),
    ("with_rstest_on_worker_2::case_2_named", "worker-2"),
    ("with_test_case_on_worker_1::test_case_1_of_one", "worker-1"),
    ("with_test_case_on_worker_2::test_case_1_of_one", "worker-2"),
];

fn group<'a>(filters: &'a [&'a str]) -> Group<'a> {
    Group {
        targets: &["matrix"],
        filters,
        environment: &[],
        limit: limit(Place::Container),
    }
}

/// Builds the VM's image and boots the VM, so that this does not count as a test's time.
fn prepare(fixture: &Fixture, host: &Host) {
    host.build_images(fixture.directory(), &["debian-12"]);
    let mut boot = host.vm_test();
    boot.args(["run", "machine", "--", "true"])
        .current_dir(fixture.directory());
    let output = boot.output().expect("vm-test starts");
    assert!(output.status.success(), "{}", text_of(&output));
}

fn run(runner: Runner) {
    let (fixture, host) = (Fixture::new("attributes"), Host::new().with_shared_store());
    prepare(&fixture, &host);
    let outcome = group(&["--include-ignored"]).run(&fixture, &host, runner);
    let ran: Vec<_> = outcome.tests.keys().map(String::as_str).collect();
    let expected: Vec<_> = TESTS.iter().map(|(test, _)| *test).collect();
    assert_eq!(ran, expected, "{}", outcome.text());
    for (test, guest) in TESTS {
        let told = &outcome.tests[*test];
        assert_eq!((told.ending, told.times), (Passed, 1), "{test}: {told:#?}");
        let line = format!("on {guest}");
        assert_eq!(count(told, &line), 1, "{test}: {told:#?}");
    }
}

#[test]
fn a_test_runs_on_each_guest_of_a_list_under_cargo_test() {
    run(Runner::CargoTest);
}

#[test]
fn a_test_runs_on_each_guest_of_a_list_under_nextest() {
    run(Runner::Nextest);
}

#[test]
fn a_filter_chooses_the_tests_on_one_guest() {
    let (fixture, host) = (Fixture::new("attributes"), Host::new());
    let outcome = group(&["_on_worker_2"]).run(&fixture, &host, Runner::CargoTest);
    let ran: Vec<_> = outcome.tests.keys().map(String::as_str).collect();
    let on_guest = TESTS.iter().filter(|(_, guest)| *guest == "worker-2");
    let expected: Vec<_> = on_guest.map(|(test, _)| *test).collect();
    assert_eq!(ran, expected, "{}", outcome.text());
}

#[test]
fn the_tests_of_a_group_are_compiled_again_when_the_file_changes_that_declares_it() {
    let host = Host::new();
    let package = tempfile::tempdir().unwrap();
    let runtime = concat!(env!("CARGO_MANIFEST_DIR"), "/../vm-test");
    let manifest = format!(
        "[package]\nname = \"grouped\"\nedition = \"2024\"\n[dev-dependencies]\nvm-test = {{ path = {runtime:?} }}\n[workspace]\n"
    );
    let test = "#[vm_test::on_vm(each = \"all\")]\n#[test]\nfn looks() {}\n";
    let put = |path: &str, text: &str| std::fs::write(package.path().join(path), text).unwrap();
    put("Cargo.toml", &manifest);
    std::fs::create_dir(package.path().join("src")).unwrap();
    put("src/lib.rs", test);
    let fixture = Fixture::of(package.path().join("Cargo.toml"));
    let listed = |guests: &str| {
        put("vm-test.toml", guests);
        let mut list = fixture.cargo(&host, &["test", "--quiet", "--lib"]);
        text_of(&list.args(["--", "--list"]).output().unwrap())
    };
    assert_eq!(listed("[guest.b]\n"), "looks_on_b: test\n");
    let more = listed("[guest.b]\n[guest.a]\n");
    assert_eq!(more, "looks_on_a: test\nlooks_on_b: test\n");
    let none = listed("");
    let words = "has no guest in group `all`, and the test would run nowhere";
    assert!(none.contains(words), "{none}");
}
