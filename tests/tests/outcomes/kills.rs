//! Kills from outside: of a guest, and of the daemon that holds all guests.

use super::processes::{keepers_of, sleeping_vms};
use super::rows::{Row, compare, fails};
use super::words::ANY;
use super::{fixture, limit};
use rustix::process::{Pid, Signal, kill_process};
use std::thread;
use std::time::{Duration, Instant};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::host::Host;
use vm_test_tests::patience;
use vm_test_tests::place::Place;

/// How long it may take until all tests run in their guests.
const BEGINNING: Duration = Duration::from_secs(180);

fn all(place: Place) -> Group<'static> {
    Group {
        targets: &["patient"],
        filters: &["guest::"],
        // VMs that wait for a lease look like those whose tests wait.
        environment: &[("VM_TEST_SPARE_SECONDS", "0")],
        limit: limit(place),
    }
}

const TESTS: [&str; 2] = [
    "waiting_to_be_killed",
    "should_panic_and_waits_to_be_killed",
];

pub(crate) fn a_guest_that_is_killed_fails_its_test_even_one_that_should_panic(place: Place) {
    const DIED: &[&str] = &[
        "error: instance {guest}-… of guest `{guest}` died: its keeper was killed by signal 9",
        // A VM has a console.
        ANY,
    ];
    check(place, DIED, |_, keepers| {
        for keeper in keepers {
            kill_one(keeper);
        }
    });
}

pub(crate) fn a_daemon_that_is_killed_fails_the_tests_that_it_held_and_the_next_one_starts_another(
    place: Place,
) {
    const GONE: &[&str] = &["error: the guest died, and the daemon that held it is gone too"];
    check(place, GONE, |host, _| {
        Daemon::of(host).expect("the daemon is there").kill()
    });
}

pub(crate) fn check(place: Place, words: &'static [&'static str], kill: impl Fn(&Host, Vec<u32>)) {
    let (fixture, host) = fixture(place);
    for runner in [Runner::CargoTest, Runner::Nextest] {
        let running = patience::start(&mut all(place).command(&fixture, &host, runner));
        let keepers = await_bodies(place, &host);
        let killed = Instant::now();
        kill(&host, keepers);
        let finished = running.finish(limit(place));
        assert!(
            killed.elapsed() < place.slack(),
            "it took {:?} to notice",
            killed.elapsed()
        );
        let table = TESTS.map(|name| fails(name, &["ready to be killed"], words));
        let outcome = Group::read(finished, runner);
        compare(place, &table, &outcome, runner, |_: &Row| true);
        let after = Group {
            targets: &["twins"],
            filters: &["--exact", "guest::returning"],
            ..all(place)
        };
        let outcome = after.run(&fixture, &host, runner);
        assert_eq!(outcome.finished.code, Some(0), "{}", outcome.text());
    }
}

/// Waits until every body runs; returns the keepers of their guests.
fn await_bodies(place: Place, host: &Host) -> Vec<u32> {
    let limit = Instant::now() + BEGINNING;
    // Only in the guest is the test binary told to include ignored tests.
    let words = ["_to_be_killed", "--exact --include-ignored"];
    loop {
        let keepers = match place {
            Place::Container => keepers_of(host, &words, TESTS.len()),
            Place::Vm => sleeping_vms(host, TESTS.len()),
        };
        if let Some(keepers) = keepers {
            // They have been started; in a moment they will have printed their line.
            thread::sleep(Duration::from_secs(2));
            return keepers;
        }
        assert!(
            Instant::now() < limit,
            "the tests do not run within {BEGINNING:?}"
        );
        thread::sleep(Duration::from_millis(20));
    }
}

pub(crate) fn kill_one(pid: u32) {
    let pid = Pid::from_raw(pid.cast_signed()).expect("a process id");
    kill_process(pid, Signal::KILL).expect("it can be killed");
}
