//! Fork bombs by several users, and bodies that use up memory: when they have ended, the host has
//! its memory back, and a test beside them passes.

use super::endings::{assert_endings, fixture, limit};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};
use vm_test_tests::fixture::Runner;
use vm_test_tests::group::Group;
use vm_test_tests::place::Place;
use vm_test_tests::report::Ending::{Failed, Passed};

/// How long the processes of a guest may exist after its test.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much less memory may be free than before, in bytes: other programs use memory, too.
const NOISE: u64 = 1 << 30;

/// A word in the command lines of the processes that fill a guest.
const WORD: &[u8] = b"containment-bomb";

fn crowd() -> usize {
    let processes = fs::read_dir("/proc").expect("/proc is there").flatten();
    let lines = processes.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    lines
        .filter(|line| line.windows(WORD.len()).any(|part| part == WORD))
        .count()
}

/// Returns the memory that programs could use, in bytes.
fn available() -> u64 {
    let text = fs::read_to_string("/proc/meminfo").expect("the kernel's account");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kib.expect("a number") << 10
}

#[test]
fn what_crowds_of_processes_take_is_bounded_and_is_given_back() {
    let (fixture, host) = fixture(Place::Container);
    let before = available();
    let group = Group {
        targets: &["hostile"],
        filters: &["loads::"],
        environment: &[],
        limit: limit(Place::Container),
    };
    let outcome = group.run(&fixture, &host, Runner::CargoTest);
    let ended = Instant::now();
    while crowd() > 0 {
        assert!(ended.elapsed() < PATIENCE, "{} are still there", crowd());
        thread::sleep(Duration::from_millis(20));
    }
    assert_endings(
        &outcome,
        &[
            ("loads::a_fork_bomb_is_limited", Passed),
            ("loads::a_fork_bomb_of_many_users_is_limited", Passed),
            ("loads::a_sibling_of_them_passes", Passed),
            ("loads::taking_memory_in_a_child", Failed),
        ],
    );
    while available() + NOISE < before {
        let (left, took) = (available(), ended.elapsed());
        assert!(took < PATIENCE, "of {before} bytes {left} are there");
        thread::sleep(Duration::from_millis(20));
    }
}
