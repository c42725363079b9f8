//! Containers that are prepared ahead of their lease: one test has each, finds it as fresh as any, and
//! pays for no other; none is there without need, and none stays.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use vm_test_tests::census::Census;
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::Fixture;
use vm_test_tests::host::Host;
use vm_test_tests::process::{Running, await_that, instances, parents, start_in_guest, vm_test};

/// The test of the fixture.
const TEST: &str = "finds_none_and_leaves_some";

/// The same without a guest of its own.
const IN_A_GUEST: &str = "finds_none_and_leaves_some_where_it_is";

/// How long spares wait in these tests, in seconds: longer than the tests take, hardly at all, or
/// there are none.
const LONG: &str = "600";
const SHORT: &str = "1";
const NEVER: &str = "0";

const PATIENCE: Duration = Duration::from_secs(30);

/// A host and the test's binary.
struct Bench {
    host: Host,
    directory: PathBuf,
    binary: PathBuf,
    wait: &'static str,
}

/// What a test has printed.
#[derive(Debug)]
struct Told {
    /// Which guest it had: the number of its pid namespace, and when its first process began.
    guest: String,
    /// What it has found there.
    seen: Vec<String>,
}

impl Bench {
    fn new(wait: &'static str) -> Self {
        let (host, fixture) = (Host::new(), Fixture::new("outcomes"));
        Self {
            binary: fixture.binary(&host, "traces"),
            directory: fixture.directory().to_owned(),
            host,
            wait,
        }
    }

    fn start(&self) -> Running {
        let mut command = Command::new(&self.binary);
        self.host
            .adopt(&mut command)
            .args(["--exact", TEST, "--nocapture"])
            .env("VM_TEST_SPARE_SECONDS", self.wait)
            .env("VM_TEST_IDLE_SECONDS", "60")
            .current_dir(&self.directory);
        Running::start(&mut command)
    }

    #[track_caller]
    fn run(&self) -> Told {
        told(self.start())
    }

    /// Waits until this many spares are ready, and returns which guests they are.
    #[track_caller]
    fn await_spares(&self, count: usize) -> Vec<String> {
        await_that(&format!("{count} spares"), PATIENCE, || {
            count_of_spares(&self.host) == count && guests(&self.host).len() == count
        });
        guests(&self.host)
    }
}

#[track_caller]
fn told(running: Running) -> Told {
    let finished = running.finish();
    assert_eq!(finished.code(), Some(0), "{finished:?}");
    let lines = |begin: &str| {
        let lines = finished
            .out
            .lines()
            .filter_map(|line| line.split_once(begin));
        lines.map(|(_, rest)| rest.to_owned()).collect::<Vec<_>>()
    };
    Told {
        guest: lines("guest pid:")[0].clone(),
        seen: lines("seen "),
    }
}

/// Returns how many instances wait for a lease, as the daemon reports.
fn count_of_spares(host: &Host) -> usize {
    let report = vm_test(host, &["ps", "--json"]).json();
    let spares = report["daemons"][0]["spares"].as_u64();
    usize::try_from(spares.unwrap_or_default()).unwrap()
}

/// Returns the daemon's containers as their tests name themselves, spares or not.
fn guests(host: &Host) -> Vec<String> {
    let Some(daemon) = Daemon::of(host) else {
        return Vec::new();
    };
    let parents = parents();
    let children = |of: u32| {
        let all = parents.iter().filter(move |(_, parent)| **parent == of);
        all.map(|(pid, _)| *pid)
    };
    let firsts = children(daemon.pid).flat_map(children);
    firsts.filter_map(named).collect()
}

fn named(first: u32) -> Option<String> {
    let namespace = fs::read_link(format!("/proc/{first}/ns/pid")).ok()?;
    let stat = fs::read_to_string(format!("/proc/{first}/stat")).ok()?;
    let begin = stat.rsplit_once(") ")?.1.split(' ').nth(19)?.to_owned();
    let namespace = namespace.to_str()?.strip_prefix("pid:")?.to_owned();
    Some(format!("{namespace} {begin}"))
}

/// Returns how many names of instances the daemon has given away, that of one more guest included.
fn names_so_far(host: &Host) -> u64 {
    await_that("the last guest to be gone", PATIENCE, || {
        instances(host).is_empty()
    });
    let mut running = start_in_guest(host, "cat");
    let name = instances(host)[0]["instance"].as_str().unwrap().to_owned();
    drop(running.input());
    assert_eq!(running.finish().code(), Some(0));
    let number = name
        .rsplit('-')
        .next()
        .and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("{name} has no number"))
}

#[test]
fn the_next_test_gets_the_container_that_was_prepared_and_no_later_one_does() {
    let bench = Bench::new(LONG);
    let mut had = BTreeSet::new();
    for _ in 0..2 {
        had.insert(bench.run().guest);
    }
    for _ in 0..4 {
        let [spare] = &bench.await_spares(1)[..] else {
            panic!("{:?}", guests(&bench.host));
        };
        let told = bench.run();
        assert_eq!(told.guest, *spare);
        assert!(had.insert(told.guest), "{had:?}");
    }
    // Several at once want the same one.
    let running: Vec<_> = (0..4).map(|_| bench.start()).collect();
    for running in running {
        let told = told(running);
        assert!(had.insert(told.guest), "{had:?}");
    }
}

#[test]
fn a_second_test_in_the_same_container_would_be_noticed() {
    let bench = Bench::new(NEVER);
    let script = format!(
        "cd {} && for n in 1 2; do {} --exact {IN_A_GUEST} --ignored --nocapture; echo ended with $?; done",
        bench.directory.display(),
        bench.binary.display()
    );
    let mut command = bench.host.vm_test();
    command
        .args(["run", "host", "--", "sh", "-c", &script])
        .current_dir(&bench.directory);
    let finished = Running::start(&mut command).finish();
    let ends: Vec<_> = finished
        .out
        .lines()
        .filter(|line| line.starts_with("ended"))
        .collect();
    assert_eq!(ends, ["ended with 0", "ended with 101"], "{finished:?}");
    let all = format!("{}{}", finished.out, finished.err);
    assert!(all.contains("another test has run in this guest"), "{all}");
}

#[test]
fn a_test_finds_in_a_spare_what_it_finds_in_a_container_that_was_made_for_it() {
    let fresh = Bench::new(NEVER).run();
    assert!(fresh.seen.len() > 10, "{fresh:?}");
    let bench = Bench::new(LONG);
    bench.run();
    bench.run();
    let spares = bench.await_spares(1);
    let ahead = bench.run();
    assert_eq!([ahead.guest], spares[..]);
    assert_eq!(ahead.seen, fresh.seen);
}

#[test]
fn the_first_test_prepares_none_and_commands_never_do() {
    let bench = Bench::new(LONG);
    bench.run();
    // Every container takes a name, spares too.
    assert_eq!(names_so_far(&bench.host), 2);
    assert_eq!(names_so_far(&bench.host), 3);
    assert_eq!(names_so_far(&bench.host), 4);
    assert_eq!(count_of_spares(&bench.host), 0);
    assert_eq!(guests(&bench.host), [""; 0]);
    // The second test does.
    bench.run();
    bench.await_spares(1);
}

#[test]
fn a_spare_that_nobody_takes_ends_and_leaves_nothing() {
    let bench = Bench::new(SHORT);
    let before = Census::take(&bench.host);
    bench.run();
    bench.run();
    await_that("no spare", PATIENCE, || {
        count_of_spares(&bench.host) == 0 && guests(&bench.host).is_empty()
    });
    // The daemon goes on, and so it was not its end that took the spare away.
    let daemon = Daemon::of(&bench.host).expect("it is idle");
    daemon.terminate();
    assert_eq!(before.settle(PATIENCE), [""; 0]);
}

#[test]
fn a_spare_that_was_killed_costs_no_test_its_guest() {
    let bench = Bench::new(LONG);
    bench.run();
    bench.run();
    let spares = bench.await_spares(1);
    let daemon = Daemon::of(&bench.host).expect("it is idle").pid;
    let parents = parents();
    let keeper = parents.iter().find(|(pid, parent)| {
        let is_keeper = parents.get(parent) == Some(&daemon);
        is_keeper && named(**pid).as_ref() == spares.first()
    });
    let (_, keeper) = keeper.expect("the spare has one");
    Daemon::at(*keeper).expect("it is there").kill();
    assert_ne!([bench.run().guest], spares[..]);
}
