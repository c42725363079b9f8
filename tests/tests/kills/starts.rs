//! The first process of a guest, killed right after its start: while it takes the guest's root as its
//! own, and shortly after.

use super::moment::{Moments, rounds};
use super::{alone, kill};
use rustix::process::Signal;
use std::fs;
use std::time::{Duration, Instant};
use vm_test_tests::daemon::Daemon;
use vm_test_tests::host::Host;
use vm_test_tests::patience;

/// About how long it takes until it executes the agent.
const TALK: Duration = Duration::from_millis(3);

/// How long a guest may take to start at all.
const START: Duration = Duration::from_secs(20);

/// How long after the kill the user may wait for its report.
const TOLD: Duration = Duration::from_secs(10);

/// What the user may be told.
const WORDS: [&str; 2] = [
    "died: its first process was killed by signal 9",
    "cannot start instance",
];

/// Returns the children of all threads of a process.
fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task"));
    let tasks = tasks.into_iter().flatten().flatten();
    let lists =
        tasks.map(|task| fs::read_to_string(task.path().join("children")).unwrap_or_default());
    let text = lists.collect::<Vec<_>>().join(" ");
    let pids = text.split_whitespace().filter_map(|pid| pid.parse().ok());
    pids.collect()
}

#[test]
fn a_guest_whose_first_process_is_killed_while_it_starts_ends_within_seconds() {
    let _alone = alone();
    let mut moments = Moments::new();
    let host = Host::new();
    let mut first = host.vm_test();
    let first = patience::run(first.args(["run", "host", "--", "true"]), START);
    assert_eq!(first.code, Some(0), "{}", first.stderr.text());
    let daemon = Daemon::of(&host).expect("a daemon that has served a lease");
    for round in 0..rounds(60) {
        let mut command = host.vm_test();
        let running = patience::start(command.args(["run", "host", "--", "sleep", "30"]));
        let began = Instant::now();
        let victim = loop {
            let born = children(daemon.pid).into_iter().flat_map(children).next();
            if let Some(born) = born {
                break born;
            }
            assert!(began.elapsed() < START, "no guest is born");
        };
        moments.pass(TALK);
        kill(victim, Signal::KILL);
        let killed = Instant::now();
        let finished = running.finish(START);
        let text = finished.stdout.text() + &finished.stderr.text();
        assert_ne!(finished.code, Some(0), "{round}: {text}");
        assert!(WORDS.iter().any(|words| text.contains(words)), "{text}");
        let took = killed.elapsed();
        assert!(took < TOLD, "round {round} took {took:?}: {text}");
    }
    daemon.terminate();
}
