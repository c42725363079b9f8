//! How many system calls a test on a container costs its host: the daemon's, the keeper's and the
//! agent's, up to the end of the guest. Unlike a time, that is the same on every machine.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that, parents};

/// The most that a test may cost, on guest `host`, as root, without a spare, and the calls of its body in
/// the guest included. There were 1,342 when this was written.
const MOST: usize = 1600;

/// How many tests are counted, after as many that are not.
const TESTS: usize = 5;

const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon whose calls are written down, and those of all that it starts.
struct Traced(Child);

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Returns how often each call was made so far.
fn calls(trace: &Path) -> BTreeMap<String, usize> {
    let text = fs::read_to_string(trace).unwrap_or_default();
    let mut calls = BTreeMap::new();
    for line in text.lines() {
        let Some((name, _)) = line.split_once('(') else {
            continue;
        };
        let name = name.split_whitespace().next_back().unwrap_or_default();
        // What goes on after another process's call has been counted when it began.
        if !line.contains("resumed>") && !name.is_empty() {
            *calls.entry(name.to_owned()).or_default() += 1;
        }
    }
    calls
}

fn run(host: &Host, fixture: &Fixture, binary: &Path) {
    let mut command = Command::new(binary);
    host.adopt(&mut command)
        .args(["--exact", "on_guest", "--nocapture"])
        .current_dir(fixture.directory());
    let finished = Running::start(&mut command).finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
}

/// Runs the tests, and waits until their guests are gone.
fn run_all(host: &Host, fixture: &Fixture, binary: &Path, trace: &Path) -> BTreeMap<String, usize> {
    for _ in 0..TESTS {
        run(host, fixture, binary);
    }
    let daemon = Daemon::of(host).expect("it is idle").pid;
    // One is what keepers are copies of.
    await_that("its guests to be gone", PATIENCE, || {
        let parents = parents();
        parents.values().filter(|parent| **parent == daemon).count() == 1
    });
    calls(trace)
}

#[test]
fn a_test_on_a_container_costs_its_host_no_more_system_calls_than_it_did() {
    if !rustix::process::getuid().is_root() {
        eprintln!("not counted: only root's tracer can follow the programs that map ids");
        return;
    }
    let (host, fixture) = (Host::new(), Fixture::new("speed"));
    let binary = fixture.binary(&host, "empty");
    let directory = tempfile::tempdir().unwrap();
    let trace = directory.path().join("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(&trace);
    command.arg(Host::program()).args(["daemon", "--serve"]);
    let quiet = host
        .adopt(&mut command)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let quiet = quiet.env("VM_TEST_SPARE_SECONDS", "0");
    let _traced = Traced(quiet.spawn().expect("strace is installed"));
    await_that("the daemon", PATIENCE, || host.has_daemon());
    let before = run_all(&host, &fixture, &binary, &trace);
    let mut after = run_all(&host, &fixture, &binary, &trace);
    for (name, count) in &mut after {
        *count = (*count - before.get(name).copied().unwrap_or_default()) / TESTS;
    }
    let sum: usize = after.values().sum();
    assert!(sum > 100, "the tracer missed most of them: {after:?}");
    println!("{sum} system calls for each test: {after:?}");
    assert!(sum <= MOST, "{sum} system calls for each test: {after:#?}");
}
