//! VMs that are prepared ahead of their lease: the next test gets one, it is as fresh as any, and
//! no other test is slowed down by it.

use super::impostor::Impostor;
use super::{LIMIT, prepared};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeSet;
use std::fs::{self, File, TryLockError};
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use vm_test_tests::fixture::{Fixture, text_of};
use vm_test_tests::host::Host;
use vm_test_tests::patience::{self, Finished};
use vm_test_tests::process::{await_that, instances};

/// How long spares wait in these tests, in seconds: longer than the tests take, or hardly at all.
pub(super) const LONG: &str = "600";
const SHORT: &str = "1";

/// Much shorter than spares wait by default.
const AT_ONCE: Duration = Duration::from_secs(8);

/// Returns a host with the image and the fixture, without a daemon, which would not see these
/// tests' settings.
pub(super) fn ready() -> (Host, Fixture) {
    let (host, fixture) = prepared(&["debian-12"]);
    host.stop();
    (host, fixture)
}

/// Returns what `vm-test ps` reports about the daemon.
fn daemon(host: &Host) -> serde_json::Value {
    let output = host.vm_test().args(["ps", "--json"]).output().unwrap();
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["daemons"][0].clone()
}

/// Waits until there are this many spares, and no other VM.
pub(super) fn await_spares(host: &Host, count: usize) {
    await_that(&format!("{count} spares"), LIMIT, || {
        daemon(host)["spares"] == count && machines(host).len() == count
    });
}

/// Returns the process ids of this daemon's VMs that were told to continue.
pub(super) fn machines(host: &Host) -> Vec<i32> {
    let Some(daemon) = daemon(host)["pid"].as_u64() else {
        return Vec::new();
    };
    let children = |pid: u64| {
        let tasks = fs::read_dir(format!("/proc/{pid}/task"))
            .into_iter()
            .flatten()
            .flatten();
        let each =
            tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
        let text = each.collect::<Vec<_>>().join(" ");
        let pids = text.split_whitespace().filter_map(|pid| pid.parse().ok());
        pids.collect::<Vec<u64>>()
    };
    let keepers = children(daemon).into_iter();
    let machines = keepers.flat_map(children);
    machines.map(|pid| i32::try_from(pid).unwrap()).collect()
}

/// Returns the VM of the test with this name.
fn machine_of(host: &Host, test: &str) -> Option<i32> {
    let mut instances = instances(host).into_iter();
    let instance = instances.find(|instance| instance["purpose"] == test)?;
    let keeper = instance["keeper"].as_u64()?;
    let path = format!("/proc/{keeper}/task/{keeper}/children");
    let children = fs::read_to_string(path).ok()?;
    children.split_whitespace().next()?.parse().ok()
}

fn command_for(fixture: &Fixture, host: &Host, test: &str, wait: &str) -> Command {
    let mut command = fixture.cargo(host, &["test", "--test", "copies"]);
    command
        .args(["--", test, "--exact", "--show-output"])
        .env("VM_TEST_SPARE_SECONDS", wait)
        .env("SUITE_PORT", "0");
    command
}

/// Returns the random number and the machine id that a test has printed, and the time.
fn told(finished: &Finished) -> (String, String, f64) {
    let text = finished.stdout.text() + &finished.stderr.text();
    assert!(text.contains("1 passed; 0 failed"), "{text}");
    let line = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("random "));
    let words: Vec<_> = line.unwrap().split_whitespace().collect();
    (
        words[0].to_owned(),
        words[2].to_owned(),
        words[6].parse().unwrap(),
    )
}

/// Runs a test on a VM; returns what it has printed.
pub(super) fn run(fixture: &Fixture, host: &Host, wait: &str) -> (String, String, f64) {
    let mut command = command_for(fixture, host, "one_copy", wait);
    told(&patience::start(&mut command).finish(LIMIT))
}

pub(super) fn now() -> f64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.unwrap().as_secs_f64()
}

#[test]
fn the_next_test_gets_the_machine_that_was_prepared_for_it_and_finds_it_fresh() {
    let (host, fixture) = ready();
    let first = run(&fixture, &host, LONG);
    await_spares(&host, 1);
    let [spare] = machines(&host)[..] else {
        panic!("{:?}", machines(&host));
    };
    // Its clock must be right although it has waited.
    std::thread::sleep(Duration::from_secs(3));
    let began = now();
    let mut command = command_for(&fixture, &host, "one_that_stays", LONG);
    let running = patience::start(&mut command);
    // The test runs on this very VM.
    await_that("the test to have the spare", LIMIT, || {
        machine_of(&host, "one_that_stays") == Some(spare)
    });
    let second = told(&running.finish(LIMIT));
    assert!(
        (began - 1.0..now() + 1.0).contains(&second.2),
        "{began} {second:?}"
    );
    assert_ne!((&first.0, &first.1), (&second.0, &second.1));
    assert_ne!(first.1, second.1);
    // There is another one now.
    await_spares(&host, 1);
    assert!(!machines(&host).contains(&spare));
    let output = host.vm_test().arg("ps").output().unwrap();
    let text = text_of(&output);
    assert!(text.contains("; 1 spare VM waits for a lease\n"), "{text}");
}

#[test]
fn where_tests_come_faster_than_machines_several_are_prepared_at_a_time() {
    let (host, fixture) = ready();
    let cpus = std::thread::available_parallelism().map_or(1, |cpus| cpus.get());
    // In one process each follows directly, while the VM for it is being prepared.
    let mut command = fixture.cargo(&host, &["test", "--test", "copies"]);
    command
        .args(["--", "in_turn::", "--test-threads=1", "--show-output"])
        .env("VM_TEST_SPARE_SECONDS", LONG);
    let finished = patience::start(&mut command).finish(2 * LIMIT);
    let text = finished.stdout.text() + &finished.stderr.text();
    assert!(text.contains("6 passed; 0 failed"), "{text}");
    let told = text
        .lines()
        .filter_map(|line| line.trim().strip_prefix("random "));
    let ids: BTreeSet<_> = told
        .filter_map(|line| line.split_whitespace().nth(2))
        .collect();
    assert_eq!(ids.len(), 6, "{ids:?}");
    await_spares(&host, cpus.min(4));
}

#[test]
fn a_machine_with_a_network_lives_as_long_as_its_test_be_it_a_spare_or_not() {
    let (host, fixture) = ready();
    let test = "one_that_stays_with_a_network";
    let start = || patience::start(&mut command_for(&fixture, &host, test, LONG));
    let stays = |running: patience::Running| {
        let finished = running.finish(LIMIT);
        let text = finished.stdout.text();
        assert!(text.contains("still here\n"), "{text}");
        told(&finished)
    };
    let first = stays(start());
    await_spares(&host, 1);
    let [spare] = machines(&host)[..] else {
        panic!("{:?}", machines(&host));
    };
    let running = start();
    await_that("the test to have the spare", LIMIT, || {
        machine_of(&host, test) == Some(spare)
    });
    assert_ne!(first.1, stays(running).1);
}

/// Returns the directory of a VM's template, found by the memory file that it has mapped.
pub(super) fn template_of(host: &Host, machine: i32) -> PathBuf {
    let maps = fs::read_to_string(format!("/proc/{machine}/maps")).unwrap();
    let ram = maps.lines().find(|line| line.ends_with("/template/ram"));
    let inode = ram.unwrap().split_whitespace().nth(4).unwrap();
    let made = fs::read_dir(host.store().join("machines"))
        .unwrap()
        .flatten();
    let mut paths = made.map(|entry| entry.path());
    let has_it = |path: &PathBuf| {
        let meta = fs::metadata(path.join("ram"));
        meta.is_ok_and(|meta| meta.ino().to_string() == inode)
    };
    paths.find(has_it).unwrap()
}

#[test]
fn nobody_removes_what_a_spare_is_made_of() {
    let (host, fixture) = ready();
    run(&fixture, &host, LONG);
    await_spares(&host, 1);
    let template = template_of(&host, machines(&host)[0]);
    let directory = File::open(&template).unwrap();
    let locked = directory.try_lock();
    assert!(
        matches!(locked, Err(TryLockError::WouldBlock)),
        "{template:?} can be removed: {locked:?}"
    );
}

#[test]
fn a_spare_that_has_died_is_done_without() {
    let (host, fixture) = ready();
    run(&fixture, &host, LONG);
    await_spares(&host, 1);
    for machine in machines(&host) {
        let machine = Pid::from_raw(machine).unwrap();
        kill_process(machine, Signal::KILL).unwrap();
    }
    run(&fixture, &host, LONG);
    await_spares(&host, 1);
}

#[test]
fn a_spare_goes_when_nobody_comes_for_it_and_at_once_when_its_memory_is_needed() {
    let (host, fixture) = ready();
    run(&fixture, &host, SHORT);
    await_that("the memory to come back", LIMIT, || {
        daemon(&host)["memory_used"] == 0
    });
    await_spares(&host, 0);
    host.stop();

    let (host, fixture) = ready();
    let mut command = fixture.cargo(&host, &["test", "--test", "copies"]);
    command
        .args(["--", "one_copy", "--exact"])
        .env("VM_TEST_SPARE_SECONDS", LONG)
        .env("VM_TEST_MEMORY_BUDGET", "4096");
    let finished = patience::start(&mut command).finish(LIMIT);
    assert_eq!(finished.code, Some(0), "{}", finished.stdout.text());
    await_spares(&host, 1);
    let output = host
        .vm_test()
        .args(["run", "machine", "--memory", "3500M", "--", "true"])
        .current_dir(fixture.directory())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text_of(&output));
    assert_eq!(daemon(&host)["spares"], 0);
}

#[test]
fn without_spares_none_is_prepared() {
    let (host, fixture) = ready();
    run(&fixture, &host, "0");
    // Its own VM needs a moment to end; a spare would stay for as long as spares do.
    await_that("nothing to be left", AT_ONCE, || {
        daemon(&host)["memory_used"] == 0 && machines(&host).is_empty()
    });
}

#[test]
fn a_spare_that_cannot_be_prepared_is_told_to_the_daemons_log_and_not_tried_again_at_once() {
    let (host, fixture) = ready();
    let own = tempfile::tempdir_in(fixture.target()).unwrap();
    let deed = "echo no more >&2; exit 1";
    // The daemon's first instance is the test's VM, whose template the second one makes. The spare
    // and the test's VM start at the same time.
    let qemu = Impostor::of_instance(own.path(), "-incoming", 3, deed);
    let run = || {
        let mut command = command_for(&fixture, &host, "one_copy", LONG);
        command.env("VM_TEST_QEMU", &qemu.path);
        told(&patience::start(&mut command).finish(LIMIT));
    };
    run();
    await_that("the spare to fail", LIMIT, || qemu.starts() == 2);
    await_spares(&host, 0);
    let logs = fs::read_dir(host.runtime()).unwrap().flatten();
    let mut logs = logs.filter(|entry| entry.path().extension().is_some_and(|end| end == "log"));
    let log = logs.next().unwrap().path();
    await_that("the log to say so", LIMIT, || {
        let log = fs::read_to_string(&log).unwrap();
        log.contains("vm-test: cannot prepare a spare: ") && log.contains("no more")
    });
    // The next test has another VM, and no spare is prepared for it.
    run();
    await_spares(&host, 0);
    assert_eq!(qemu.starts(), 3);
}
