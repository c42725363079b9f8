//! One set-up and many tests: it is paid for once, and each test sees what it has left, and nothing
//! of another test's.

use crate::bench::{Bench, count};
use std::time::{SystemTime, UNIX_EPOCH};
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// How many tests of the fixture are on the guest with the small image.
const TESTS: usize = 10;

#[test]
fn ten_tests_under_cargo_test_pay_for_it_once() {
    let bench = Bench::new();
    for runs in [1, 0] {
        let mut command = bench.cargo(&["test", "--test", "shared"]);
        let output = command.args(["small::", "--", "--nocapture"]).output();
        let output = output.unwrap();
        let text = text_of(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("{TESTS} passed")), "{text}");
        assert_eq!(count(&text), runs, "{text}");
    }
    assert_eq!(bench.results().len(), 1);
}

#[test]
fn the_processes_of_nextest_share_it() {
    let bench = Bench::new();
    for runs in [1, 0] {
        let args = ["nextest", "run", "--test", "shared", "--test-threads", "4"];
        let mut command = bench.cargo(&args);
        command.args(["-E", "test(/^small::/)", "--success-output", "final"]);
        let output = command.output().unwrap();
        let text = text_of(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("{TESTS} passed")), "{text}");
        // nextest indents what tests print.
        assert_eq!(text.matches("the set-up runs\n").count(), runs, "{text}");
    }
    assert_eq!(bench.results().len(), 1);
    assert!(bench.unfinished().is_empty());
}

/// Runs the tests of a guest of the suites' own store, whose set-up has not run yet: a variable of
/// the guest has a value that it never had.
fn on_debian(guest: &str, tests: usize) {
    let host = Host::new().with_shared_store();
    let fixture = Fixture::new("setups");
    host.build_images(fixture.directory(), &["debian-12"]);
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let filter = format!("{guest}::");
    for runs in [1, 0] {
        let mut command = fixture.cargo(&host, &["test", "--test", "shared"]);
        command.args([&*filter, "--", "--nocapture"]);
        command.env("SETUPS_SEED", seed.as_nanos().to_string());
        let output = command.output().unwrap();
        let text = text_of(&output);
        assert!(output.status.success(), "{text}");
        assert!(text.contains(&format!("{tests} passed")), "{text}");
        assert_eq!(count(&text), runs, "{text}");
    }
}

#[test]
fn containers_of_debian_start_from_it() {
    on_debian("deb", 3);
}

mod vm {
    #[test]
    fn vms_start_from_it() {
        super::on_debian("machine", 3);
    }
}

#[test]
fn other_settings_of_a_guest_have_a_result_of_their_own() {
    let bench = Bench::new();
    let binary = bench.binary("shared");
    let finished = bench.run(&binary, "forms::", "1");
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    assert_eq!(count(&finished.out), 2, "{finished:?}");
    // A function is the same by whatever path it is named.
    let finished = bench.run(&binary, "small::", "1");
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    assert_eq!(count(&finished.out), 0, "{finished:?}");
    assert_eq!(bench.results().len(), 2);
}
