//! SIGKILL of each process that a lab has: its keeper, the keepers of nodes, the test process, the
//! daemon. The test never passes, and the kernel takes everything down that belonged to it.

use super::{LIMIT, PATIENCE};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::fs;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::patience;
use vm_test_tests::process::{await_that, parents};

/// The test that waits, by what it runs on a node.
const TEST: &str = "it_waits_on_a_node";
const SLEEP: &[&str] = &["sleep", "98765"];

/// A process of a lab.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    LabKeeper,
    KeeperOfTheNode,
    TestProcess,
    Daemon,
}

const VICTIMS: [Victim; 4] = [
    Victim::LabKeeper,
    Victim::KeeperOfTheNode,
    Victim::TestProcess,
    Victim::Daemon,
];

#[test]
fn whichever_process_of_a_lab_is_killed_the_test_fails_and_nothing_is_left() {
    let (host, fixture) = (Host::new(), Fixture::new("labs"));
    let group = Group {
        targets: &["--test=labs"],
        filters: &["--ignored", "--exact", TEST],
        environment: &[],
        limit: LIMIT,
    };
    group.build(&fixture, &host);
    let before = Census::take(&host);
    for victim in VICTIMS {
        let running = patience::start(&mut group.command(&fixture, &host, Runner::CargoTest));
        await_that("a node sleeps", LIMIT, || sleeper(&host).is_some());
        kill(find(&host, victim));
        let finished = running.finish(LIMIT);
        assert_ne!(finished.code, Some(0), "{victim:?}");
        let text = finished.stdout.text() + &finished.stderr.text();
        assert!(!text.contains("1 passed"), "{victim:?}: {text}");
        if victim == Victim::Daemon {
            // The next daemon sweeps when it starts.
            assert!(
                host.vm_test()
                    .arg("gc")
                    .status()
                    .is_ok_and(|it| it.success())
            );
        } else {
            await_that("the lab is gone", PATIENCE, || sleeper(&host).is_none());
            let stopped = host.vm_test().arg("stop").status();
            assert!(stopped.is_ok_and(|it| it.success()), "{victim:?}");
        }
        assert_eq!(before.settle(PATIENCE), [""; 0], "{victim:?}");
    }
}

fn kill(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
    kill_process(pid, Signal::KILL).expect("it is there");
}

/// Returns the process with this part in the lab that runs.
fn find(host: &Host, victim: Victim) -> u32 {
    let daemon = Daemon::of(host).expect("a daemon").pid;
    let (sleeper, parents) = (sleeper(host).expect("a node sleeps"), parents());
    let lab = below(&parents, daemon)
        .find(|pid| words(*pid).get(1).is_some_and(|word| word == "__lab"))
        .expect("the keeper of the lab");
    let keepers = parents.iter().filter(|(_, parent)| **parent == lab);
    let of_the_node = keepers
        .map(|(keeper, _)| *keeper)
        .find(|keeper| below(&parents, *keeper).any(|pid| pid == sleeper))
        .expect("the keeper of the node");
    match victim {
        Victim::LabKeeper => lab,
        Victim::KeeperOfTheNode => of_the_node,
        // The one in the guest, which has the same name, is below the daemon.
        Victim::TestProcess => below(&parents, std::process::id())
            .find(|pid| words(*pid).iter().any(|word| word == TEST) && is_fixture(*pid))
            .expect("the test process"),
        Victim::Daemon => daemon,
    }
}

/// Returns whether a process is the fixture's test binary.
fn is_fixture(pid: u32) -> bool {
    let program = words(pid).into_iter().next();
    program.is_some_and(|program| program.contains("/deps/labs-"))
}

/// Returns the process that the test has started on a node.
fn sleeper(host: &Host) -> Option<u32> {
    let daemon = Daemon::of(host)?.pid;
    let parents = parents();
    let mut all = below(&parents, daemon);
    all.find(|pid| words(*pid) == SLEEP)
}

/// Returns the descendants of a process.
fn below(parents: &BTreeMap<u32, u32>, ancestor: u32) -> impl Iterator<Item = u32> {
    parents.keys().copied().filter(move |pid| {
        let mut pid = *pid;
        while let Some(parent) = parents.get(&pid) {
            if *parent == ancestor {
                return true;
            }
            pid = *parent;
        }
        false
    })
}

fn words(pid: u32) -> Vec<String> {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = line.split(|byte| *byte == 0);
    words
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect()
}
