//! The times of tests: that they are true, that all are recorded, and who can read them. The lines
//! are read from where users find them.

mod bodies;
mod ends;
mod nodes;
mod parts;
mod reports;

use serde_json::Value;
use std::process::Command;
use std::time::Duration;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Finished, Running};

/// The modules of the fixture, one for each backend.
const BACKENDS: [&str; 2] = ["lxc", "kvm"];

/// How long a group of tests may take. It only ends hangs: the first VM boots, which takes minutes
/// where others use the host, too.
const LIMIT: Duration = Duration::from_secs(600);

/// Returns the built fixture, and a new host for a test, with the image of the VMs.
fn fixture() -> (Fixture, Host) {
    let fixture = Fixture::new("keeping");
    let host = Host::new().with_shared_store();
    fixture.build(&host);
    host.build_images(fixture.directory(), &["debian-12"]);
    (fixture, host)
}

/// Runs `vm-test report` where the fixture's tests ran.
fn report(host: &Host, fixture: &Fixture, args: &[&str]) -> Finished {
    let mut command: Command = host.vm_test();
    command
        .arg("report")
        .args(args)
        .current_dir(fixture.directory())
        .env("CARGO_TARGET_DIR", fixture.target());
    Running::start(&mut command).finish()
}

/// Returns the lines of a run.
#[track_caller]
fn lines(host: &Host, fixture: &Fixture, run: &str) -> Vec<Value> {
    let report = report(host, fixture, &["--json", run]);
    let document = report.json();
    assert_eq!(document["run"], run);
    document["tests"].as_array().expect("a list").clone()
}

/// Returns the name of a run, as nextest prints it.
#[track_caller]
fn run_of_nextest(text: &str) -> String {
    let (_, rest) = text.split_once("Nextest run ID ").expect("its name");
    let (name, _) = rest.split_once(' ').expect("words behind it");
    name.to_owned()
}

/// Returns a time of a line, in microseconds.
#[track_caller]
fn micros(line: &Value, key: &str) -> u64 {
    line[key]
        .as_u64()
        .unwrap_or_else(|| panic!("no {key} in {line}"))
}
