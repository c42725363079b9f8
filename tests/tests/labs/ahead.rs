//! Labs that are prepared ahead, and VMs that are saved as the nodes that they are: the next test
//! gets one, and it is as fresh as any.

use super::{LIMIT, PATIENCE, TUN};
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use vm_test_tests::census::Census;
use vm_test_tests::fixture::{Fixture, Runner};
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::process::await_that;
use vm_test_tests::report::Ending::{Failed, Passed};

/// The test of the fixture.
const TEST: &str = "two_vms_are_copies_that_reach_each_other";

/// How long a lab is left waiting: a VM that is restored only then has been up for less.
const WAIT: Duration = Duration::from_secs(5);

/// How far a clock may be from the host's, in seconds.
const CLOSE: f64 = 1.0;

/// What a copy of a node says of itself.
#[derive(Debug)]
struct Copy {
    name: String,
    /// What no other copy has.
    own: [String; 3],
    /// Its time, in seconds since 1970.
    time: f64,
    /// How long it has been up, in seconds, with all that it was saved with.
    uptime: f64,
}

impl Copy {
    fn of(line: &str) -> Self {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let [name, random, machine_id, boot_id, time, uptime] = words.try_into().unwrap();
        Self {
            name,
            own: [random, machine_id, boot_id],
            time: time.parse().unwrap(),
            uptime: uptime.parse().unwrap(),
        }
    }
}

/// Returns the time, in seconds since 1970.
fn now() -> f64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs_f64()
}

/// A daemon whose spares wait for so many seconds, and the fixture.
struct Labs {
    host: Host,
    fixture: Fixture,
}

/// Returns the run of the test with this environment.
fn group<'a>(environment: &'a [(&'a str, &'a str)]) -> Group<'a> {
    Group {
        targets: &["--test=pair"],
        filters: &[],
        environment,
        limit: LIMIT,
    }
}

impl Labs {
    /// Runs the test; returns both copies.
    fn run(&self, seconds: &str) -> [Copy; 2] {
        let environment = [("VM_TEST_SPARE_SECONDS", seconds)];
        let group = group(&environment);
        let began = now();
        let outcome = group.run(&self.fixture, &self.host, Runner::CargoTest);
        let ended = now();
        let text = outcome.text();
        let told = outcome.tests.get(TEST).expect("the test has run");
        assert_eq!(told.ending, Passed, "{text}");
        let lines = text.lines().filter_map(|line| line.strip_prefix("TRAITS "));
        let copies: Vec<_> = lines.map(Copy::of).collect();
        let copies: [Copy; 2] = copies.try_into().unwrap();
        assert_eq!([&*copies[0].name, &*copies[1].name], ["one", "other"]);
        let right = began - CLOSE..ended + CLOSE;
        assert!(
            copies.iter().all(|copy| right.contains(&copy.time)),
            "{copies:?}"
        );
        copies
    }

    /// Checks that the test is told why there is no such lab, and that none is prepared.
    fn is_refused(&self) {
        let environment = [("VM_TEST_SPARE_SECONDS", "600")];
        let outcome = group(&environment).run(&self.fixture, &self.host, Runner::CargoTest);
        let text = outcome.text();
        let told = outcome.tests.get(TEST).expect("the test has run");
        assert_eq!(told.ending, Failed, "{text}");
        let hint = format!("hint: VMs in labs need {TUN}, which only root may open here");
        assert!(text.contains(&hint), "{text}");
        assert_eq!(self.spares(), 0);
    }

    /// Waits until a lab is ready.
    fn await_spare(&self) {
        await_that("a lab that is ready", LIMIT, || self.spares() == 2);
    }

    /// Returns how many VMs are ready.
    fn spares(&self) -> u64 {
        let output = self.host.vm_test().args(["ps", "--json"]).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["daemons"][0]["spares"].as_u64().unwrap_or_default()
    }

    /// Returns the templates of nodes that were used since then.
    fn used_since(&self, then: SystemTime) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.host.store().join("machines")).unwrap();
        let entries = entries.map(|entry| entry.unwrap()).filter(|entry| {
            let is_nodes = entry.file_name().to_string_lossy().starts_with("node-");
            is_nodes && entry.metadata().unwrap().modified().unwrap() >= then
        });
        entries.map(|entry| entry.path()).collect()
    }
}

#[test]
fn a_lab_waits_for_the_next_test_and_its_vms_are_restored_as_the_nodes_that_they_are() {
    let labs = Labs {
        host: Host::new().with_shared_store(),
        fixture: Fixture::new("labs"),
    };
    labs.host
        .build_images(labs.fixture.directory(), &["debian-12"]);
    let mut device = File::options();
    if device.read(true).write(true).open(TUN).is_err() {
        labs.is_refused();
        return;
    }
    labs.host.stop();
    let before = Census::take(&labs.host);
    let first = labs.run("600");
    labs.await_spare();
    thread::sleep(WAIT);
    let second = labs.run("600");
    for (waited, asked) in second.iter().zip(&first) {
        let longer = waited.uptime - asked.uptime;
        assert!(longer > WAIT.as_secs_f64() / 2.0, "{waited:?} {asked:?}");
    }
    // The lab has been wanted twice: now its VMs are saved, and the next one is restored from that.
    labs.await_spare();
    let third = labs.run("600");
    labs.await_spare();
    labs.host.stop();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
    let since = SystemTime::now();
    let fourth = labs.run("0");
    assert_eq!(labs.used_since(since).len(), 2);
    assert_eq!(labs.spares(), 0);
    let all = [first, second, third, fourth];
    let all: Vec<_> = all.iter().flatten().collect();
    let own: BTreeSet<_> = all.iter().flat_map(|copy| &copy.own).collect();
    assert_eq!(own.len(), all.len() * 3, "{all:?}");
}
