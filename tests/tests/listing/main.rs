//! Listing tests starts nothing and costs nothing: runners and editors list all the time.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;

/// How many tests each of the two test targets has.
const TESTS: usize = 400;

/// How often each of them is asked for its tests.
const ROUNDS: usize = 41;

/// How much longer listing tests with the attribute may take: more than the noise of a busy host.
const MOST: f64 = 1.5;

/// Returns the test binaries with and without the attribute.
fn binaries(host: &Host) -> [PathBuf; 2] {
    let fixture = Fixture::new("listing");
    let output = fixture
        .cargo(host, &["test", "--no-run", "--message-format=json"])
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", text_of(&output));
    let messages: Vec<serde_json::Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| serde_json::from_str(line).expect("a message"))
        .collect();
    ["with", "without"].map(|name| {
        let message = messages
            .iter()
            .find(|message| message["target"]["name"] == name);
        let path = message.and_then(|message| message["executable"].as_str());
        path.expect("the binary of a test target").into()
    })
}

/// Makes a `vm-test` that leaves a trace when it is started.
fn tracer(directory: &Path) -> (PathBuf, PathBuf) {
    let (program, trace) = (directory.join("vm-test"), directory.join("trace"));
    fs::write(
        &program,
        format!("#!/bin/sh\necho \"$@\" >> '{}'\nexit 1\n", trace.display()),
    )
    .unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (program, trace)
}

#[test]
fn listing_starts_no_daemon_and_no_program() {
    let host = Host::new();
    let directory = tempfile::tempdir().unwrap();
    let (program, trace) = tracer(directory.path());
    let [with, without] = binaries(&host);
    let lists = [
        &["--list"][..],
        &["--list", "--format", "terse", "--ignored"],
    ];
    for arguments in lists {
        let [with, without] = [&with, &without].map(|binary| {
            let mut command = Command::new(binary);
            host.adopt(&mut command)
                .args(arguments)
                .env("VM_TEST_BIN", &program);
            command.output().expect("the test binary starts")
        });
        assert!(
            with.status.success() && with.stderr.is_empty(),
            "{}",
            text_of(&with)
        );
        let text = String::from_utf8_lossy(&with.stdout);
        let listed = text.lines().filter(|line| line.ends_with(": test")).count();
        assert_eq!(listed, if arguments.len() == 1 { TESTS } else { 0 });
        assert_eq!(with.stdout, without.stdout);
    }
    assert!(
        !trace.exists(),
        "vm-test was started: {:?}",
        fs::read_to_string(&trace)
    );
    assert!(!host.runtime().exists(), "the runtime directory was made");
    // Shows that the check above can fail: running a test does start it.
    let mut command = Command::new(&with);
    host.adopt(&mut command)
        .args(["--exact", "a::a"])
        .env("VM_TEST_BIN", &program);
    let output = command.output().expect("the test binary starts");
    assert_eq!(output.status.code(), Some(101), "{}", text_of(&output));
    assert!(trace.exists(), "running a test did not start vm-test");
}

#[test]
fn a_harness_that_runs_its_tests_while_nextest_lists_them_starts_nothing() {
    let host = Host::new();
    let directory = tempfile::tempdir().unwrap();
    let (program, trace) = tracer(directory.path());
    let [with, _] = binaries(&host);
    let mut command = Command::new(&with);
    host.adopt(&mut command)
        .args(["--exact", "a::a"])
        .env("NEXTEST_TEST_PHASE", "list")
        .env("VM_TEST_BIN", &program);
    let output = command.output().expect("the test binary starts");
    assert_eq!(output.status.code(), Some(101), "{}", text_of(&output));
    let words = "cannot run `a` in a guest: nextest is only listing tests";
    assert!(text_of(&output).contains(words), "{}", text_of(&output));
    assert!(!trace.exists(), "vm-test was started");
    assert!(!host.runtime().exists(), "the runtime directory was made");
}

#[test]
fn listing_takes_as_long_as_without_the_attribute() {
    let host = Host::new();
    let binaries = binaries(&host);
    let mut times = [Vec::new(), Vec::new()];
    // Alternately, so that other load slows down both.
    for _ in 0..ROUNDS {
        for (binary, times) in binaries.iter().zip(&mut times) {
            let began = Instant::now();
            let output = Command::new(binary).arg("--list").output();
            times.push(began.elapsed());
            assert!(output.expect("the test binary starts").status.success());
        }
    }
    let [with, without] = times.map(median);
    let ratio = with.as_secs_f64() / without.as_secs_f64();
    assert!(
        ratio <= MOST,
        "listing takes {with:?} with the attribute and {without:?} without"
    );
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
