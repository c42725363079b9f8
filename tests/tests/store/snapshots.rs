//! Snapshots of instances whose daemon or keeper was killed.

use super::eventually;
use super::rollback::{Bench, Disk, on_disk};
use rustix::process::{Pid, Signal, kill_process};
use std::process::{Child, Stdio};
use vm_test_tests::daemon::Daemon;

/// Starts a test that does not end, in a guest with a snapshot.
fn sleeper(bench: &Bench) -> Child {
    let mut test = bench.test("sleeps_over_a_subvolume");
    let child = test
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let snapshot = || {
        bench
            .left()
            .into_iter()
            .find(|name| !name.ends_with(".lock"))
    };
    eventually("the guest has made its subvolume", || {
        snapshot().is_some_and(|name| {
            let files = bench
                .workshop
                .store()
                .join("instances")
                .join(name)
                .join("files");
            files.join("nested").is_dir()
        })
    });
    child
}

fn kill_and_sweep(bench: &Bench) {
    let ends = |mut child: Child| {
        let status = child.wait().unwrap();
        assert!(!status.success(), "a test without a verdict");
    };
    // The command that sweeps.
    let child = sleeper(bench);
    Daemon::of(&bench.workshop.host).expect("a daemon").kill();
    ends(child);
    assert!(!bench.left().is_empty(), "nothing was left to sweep");
    let swept = bench.workshop.json(&["gc", "--json"]);
    assert_eq!(swept["snapshots"], 1, "{swept}");
    assert_eq!(bench.left(), [""; 0]);
    // The next daemon, which finds the store in the journal.
    let child = sleeper(bench);
    Daemon::of(&bench.workshop.host).expect("a daemon").kill();
    ends(child);
    assert!(!bench.left().is_empty(), "nothing was left to sweep");
    let mut start = bench.workshop.host.vm_test();
    let status = start.args(["daemon", "--start"]).status().unwrap();
    assert!(status.success());
    assert_eq!(bench.left(), [""; 0]);
    // The daemon itself, while it lives.
    let child = sleeper(bench);
    let instances = bench.workshop.json(&["ps", "--json"]);
    let description = instances["instances"][0]["description"].as_str().unwrap();
    assert!(description.ends_with(", snapshot)"), "{description}");
    let keeper = instances["instances"][0]["keeper"].as_i64().unwrap();
    let keeper = Pid::from_raw(i32::try_from(keeper).unwrap()).unwrap();
    kill_process(keeper, Signal::KILL).unwrap();
    ends(child);
    eventually("the snapshot is gone", || bench.left().is_empty());
    // What is in use stays.
    let mut child = sleeper(bench);
    let swept = bench.workshop.json(&["gc", "--images", "--json"]);
    assert_eq!(swept["snapshots"], 0, "{swept}");
    assert_eq!(bench.left().len(), 2, "a snapshot and its lock");
    child.kill().unwrap();
    child.wait().unwrap();
    eventually("the snapshot is gone", || bench.left().is_empty());
    assert_eq!(bench.workshop.cleared(), std::collections::BTreeSet::new());
    let subvolumes = bench.workshop.store().join("subvolumes");
    assert_eq!(std::fs::read_dir(subvolumes).unwrap().count(), 0);
}

#[test]
fn snapshots_of_the_dead_are_swept_and_those_of_the_living_stay() {
    let test = "snapshots::snapshots_of_the_dead_are_swept_and_those_of_the_living_stay";
    on_disk(test, Disk::Btrfs, kill_and_sweep);
}

/// More than are kept open at once on the way down.
const DEEP: &str = "i=0; d=/deep; while [ $i -lt 300 ]; do btrfs subvolume create $d >/dev/null || exit 1; \
    btrfs subvolume create $d/b >/dev/null || exit 1; d=$d/d; i=$((i+1)); done";

fn nest_deeply(bench: &Bench) {
    bench
        .workshop
        .run(&["run", "small", "--timeout", "60s", "--", "sh", "-c", DEEP]);
    eventually("all subvolumes are gone", || bench.left().is_empty());
    assert_eq!(bench.workshop.cleared(), std::collections::BTreeSet::new());
}

#[test]
fn subvolumes_in_subvolumes_go_however_deep_they_are() {
    let test = "snapshots::subvolumes_in_subvolumes_go_however_deep_they_are";
    on_disk(test, Disk::Btrfs, nest_deeply);
}

/// Writes more than half of the disk.
const LARGE: &str = "dd if=/dev/urandom of=/large bs=1M count=250 conv=fsync && ls -s /large";

fn write_much_again_and_again(bench: &Bench) {
    for round in 0..3 {
        let command = ["run", "small", "--timeout", "120s", "--", "sh", "-c", LARGE];
        let said = bench.workshop.run(&command);
        assert!(said.contains("256000 /large\n"), "round {round}: {said}");
    }
    eventually("the snapshots are gone", || bench.left().is_empty());
    assert_eq!(bench.workshop.cleared(), std::collections::BTreeSet::new());
}

#[test]
fn what_a_test_wrote_takes_no_room_from_the_next_one() {
    let test = "snapshots::what_a_test_wrote_takes_no_room_from_the_next_one";
    on_disk(test, Disk::Btrfs, write_much_again_and_again);
}

fn look_at_the_root(bench: &Bench) {
    // So are its own subvolumes and their snapshots. `btrfs subvolume show` searches the whole
    // disk, which no guest may.
    let script = "ls -di / && btrfs subvolume create /inner >/dev/null && \
        btrfs subvolume snapshot / /inner/copy >/dev/null && ls -di /inner/copy";
    let said = bench
        .workshop
        .run(&["run", "small", "--", "sh", "-c", script]);
    assert_eq!(said, "256 /\n256 /inner/copy\n");
    eventually("the snapshot is gone", || bench.left().is_empty());
    assert_eq!(bench.workshop.cleared(), std::collections::BTreeSet::new());
}

#[test]
fn the_root_of_a_snapshot_is_a_subvolume_of_its_own() {
    let test = "snapshots::the_root_of_a_snapshot_is_a_subvolume_of_its_own";
    on_disk(test, Disk::Btrfs, look_at_the_root);
}
