//! How runners list the fixtures: every test once, whatever attributes are above and below it.
//! Needs no guest.

use super::limit;
use super::orders::CRATES;
use std::collections::BTreeSet;
use vm_test_tests::fixture::{Fixture, Runner, text_of};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::place::Place;

#[test]
fn a_test_is_listed_once_whatever_stands_above_and_below_it() {
    for (name, targets, tests) in CRATES {
        let (fixture, host) = (Fixture::new(name), Host::new());
        let group = Group {
            targets,
            filters: &["--list"],
            environment: &[],
            limit: limit(Place::Container),
        };
        let output = group
            .command(&fixture, &host, Runner::CargoTest)
            .output()
            .expect("cargo starts");
        let text = text_of(&output);
        let mut listed: Vec<_> = text
            .lines()
            .filter_map(|line| line.strip_suffix(": test"))
            .collect();
        listed.sort_unstable();
        assert_eq!(listed, tests, "{text}");
        assert_eq!(
            of_nextest(&fixture, &host, targets),
            tests.iter().map(|&test| test.to_owned()).collect()
        );
        assert!(!host.runtime().exists(), "listing has started a daemon");
    }
}

/// Returns nextest's list. nextest refuses a list with a repeated name.
fn of_nextest(fixture: &Fixture, host: &Host, targets: &[&str]) -> BTreeSet<String> {
    let mut command = fixture.cargo(host, &["nextest", "list", "--message-format=json"]);
    for target in targets {
        if !target.starts_with("--") {
            command.arg("--test");
        }
        command.arg(target);
    }
    let output = command.output().expect("cargo starts");
    assert!(output.status.success(), "{}", text_of(&output));
    let list: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a list");
    let suites = list["rust-suites"].as_object().expect("suites");
    suites
        .values()
        .filter_map(|suite| suite["testcases"].as_object())
        .flat_map(|cases| cases.keys().cloned())
        .collect()
}
