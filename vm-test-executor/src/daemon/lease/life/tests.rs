//! Lives and ends of leased instances whose keepers are scripted.

use super::super::scripted_host::{BUDGET, MEMORY, NAME, ScriptedHost, await_that};
use super::*;
use crate::keeper::KeeperReport;
use std::io::Read;
use std::net::Shutdown;
use std::time::Duration;
use vm_test_protocol::record::{Record, RecordOutcome};

fn failed(words: &str) -> KeeperReport {
    KeeperReport::Failed(Failure::new(words))
}

/// Returns the report of a test process whose test has passed.
fn passed() -> Record {
    Record {
        instance: NAME.to_owned(),
        outcome: RecordOutcome::Passed,
        boot: Duration::from_micros(1),
        process: Some(Duration::from_micros(3)),
        body: Some(Duration::from_micros(2)),
        total: Duration::from_micros(4),
        words: None,
        output: Vec::new(),
        said: Vec::new(),
        nodes: Vec::new(),
    }
}

fn cause(daemon: &ScriptedHost) -> String {
    let exit_report = daemon.host.registry.exit_report(NAME).unwrap();
    exit_report.cause.unwrap().message
}

#[test]
fn a_client_that_disappears_ends_its_instance_and_the_guest_may_say_what_it_was_doing() {
    let daemon = ScriptedHost::new();
    let (lease, mut keeper, client) = daemon.lease();
    std::thread::scope(|scope| {
        let event = scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        drop(client);
        assert_eq!(keeper.stream.read(&mut [0]).unwrap(), 0);
        // Nothing is given back while the guest may still report something.
        await_that(|| daemon.host.tools.ending.load(Ordering::SeqCst) == 1);
        assert_eq!(daemon.promised(), MEMORY);
        assert_eq!(daemon.host.registry.alive().len(), 1);
        assert!(daemon.host.registry.exit_report(NAME).is_none());
        assert!(!keeper.is_killed());
        keeper.report(&failed("it was in a loop"));
        assert_eq!(event.join().unwrap(), Event::Released);
    });
    assert!(keeper.is_killed());
    assert_eq!(daemon.host.tools.ending.load(Ordering::SeqCst), 0);
    assert!(daemon.host.registry.alive().is_empty());
    daemon.check_budget();
    assert_eq!(cause(&daemon), "instance a-1 of guest `a` was given up");
    let (line, log) = daemon.written();
    assert_eq!(line["outcome"], "lost");
    assert!(line["rollback_us"].is_u64());
    let expected = "its test process ended without reporting a result\nit was in a loop\n";
    assert!(log.contains(expected), "{log}");
}

#[test]
fn a_silent_keeper_or_one_that_talks_nonsense_does_not_hold_up_the_end_of_a_lost_test() {
    for garbage in [&[][..], &u32::MAX.to_le_bytes(), &[1, 0, 0, 0, 0x77]] {
        let daemon = ScriptedHost::new();
        let (lease, keeper, client) = daemon.lease();
        keeper.say(garbage);
        drop(client);
        let began = Instant::now();
        assert_eq!(daemon.live(lease), Event::Released);
        assert!(keeper.is_killed() && began.elapsed().as_secs() < 30);
        daemon.check_budget();
        let (line, log) = daemon.written();
        assert_eq!(line["outcome"], "lost");
        let expected = "its test process ended without reporting a result\n---";
        assert!(log.contains(expected), "{log}");
    }
}

#[test]
fn an_instance_that_dies_during_its_test_is_written_down_with_its_cause() {
    let daemon = ScriptedHost::new();
    let (lease, keeper, mut client) = daemon.lease();
    std::thread::scope(|scope| {
        let event = scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        keeper.report(&failed("the kernel has panicked"));
        keeper.exit(0);
        assert_eq!(event.join().unwrap(), Event::Died);
    });
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    daemon.check_budget();
    assert_eq!(cause(&daemon), "the kernel has panicked");
    let (line, log) = daemon.written();
    assert_eq!(line["outcome"], "no-verdict");
    assert!(log.contains("the kernel has panicked"), "{log}");
}

#[test]
fn an_instance_that_is_dead_before_it_is_watched_has_ended_by_that() {
    let daemon = ScriptedHost::new();
    let (lease, keeper, _client) = daemon.lease();
    keeper.exit(3);
    assert_eq!(daemon.live(lease), Event::Died);
    daemon.check_budget();
    let expected = "instance a-1 of guest `a` died: its keeper exited with code 3";
    assert_eq!(cause(&daemon), expected);
    assert_eq!(daemon.written().0["outcome"], "no-verdict");
}

#[test]
fn an_instance_that_has_died_and_was_given_up_was_given_up() {
    let daemon = ScriptedHost::new();
    let (lease, keeper, client) = daemon.lease();
    client.shutdown(Shutdown::Both).unwrap();
    keeper.exit(3);
    assert_eq!(daemon.live(lease), Event::Released);
    daemon.check_budget();
    assert_eq!(daemon.written().0["outcome"], "lost");
}

#[test]
fn an_instance_that_dies_after_its_test_has_told_its_outcome_changes_nothing_about_it() {
    let daemon = ScriptedHost::new();
    let (mut lease, keeper, _client) = daemon.lease();
    lease.living.record = Some(passed());
    keeper.report(&failed("too late"));
    keeper.exit(0);
    assert_eq!(daemon.live(lease), Event::Died);
    let (line, log) = daemon.written();
    assert_eq!(line["outcome"], "passed");
    assert_eq!(
        (&line["start_us"], &line["body_us"]),
        (&1.into(), &2.into())
    );
    assert_eq!(log, "");
    assert_eq!(cause(&daemon), "too late");
}

#[test]
fn a_guest_whose_test_has_told_its_outcome_is_not_asked_for_a_last_message() {
    let daemon = ScriptedHost::new();
    let (mut lease, keeper, client) = daemon.lease();
    lease.living.record = Some(Record {
        outcome: RecordOutcome::Failed,
        words: Some("it failed".to_owned()),
        ..passed()
    });
    keeper.report(&failed("nobody asks"));
    drop(client);
    assert_eq!(daemon.live(lease), Event::Released);
    let (line, log) = daemon.written();
    assert_eq!(line["outcome"], "failed");
    assert!(
        log.contains("it failed\n") && !log.contains("nobody asks"),
        "{log}"
    );
}

#[test]
fn every_lease_ends_when_the_daemon_stops() {
    let mut daemon = ScriptedHost::new();
    let (lease, keeper, _client) = daemon.lease();
    daemon.stopping = None;
    assert_eq!(daemon.live(lease), Event::Stopping);
    assert!(keeper.is_killed());
    daemon.check_budget();
    let expected = "instance a-1 of guest `a` was destroyed: the daemon was stopped";
    assert_eq!(cause(&daemon), expected);
    assert_eq!(daemon.written().0["outcome"], "no-verdict");
}

#[test]
fn the_next_lease_is_let_in_when_the_instance_is_gone_and_all_is_written_down() {
    let daemon = ScriptedHost::new();
    let (lease, keeper, client) = daemon.lease();
    std::thread::scope(|scope| {
        scope.spawn(|| daemon.live(lease));
        let next = scope.spawn(|| {
            let admitted = daemon.host.admission.admit(BUDGET, 1, |_| true);
            let seen = (
                keeper.is_killed(),
                daemon.written().0["outcome"].clone(),
                cause(&daemon),
            );
            drop(admitted);
            seen
        });
        await_that(|| daemon.host.admission.status().0 == 1);
        drop(client);
        keeper.report(&failed("the end"));
        let (is_killed, outcome, cause) = next.join().unwrap();
        assert!(is_killed);
        assert_eq!(outcome, "lost");
        assert_eq!(cause, "instance a-1 of guest `a` was given up");
    });
}

#[test]
fn a_thread_that_is_lost_leaves_nobody_in_the_register_and_no_room_taken() {
    let daemon = ScriptedHost::new();
    let (lease, _keeper, _client) = daemon.lease();
    let registry = &daemon.host.registry;
    let lost = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let _registered = Registered::new(registry, lease.living);
        assert_eq!(registry.alive().len(), 1);
        std::panic::resume_unwind(Box::new(()));
    }));
    assert!(lost.is_err());
    assert!(registry.alive().is_empty());
    assert_eq!(daemon.promised(), 0);
    let expected = "instance a-1 died: the daemon lost the thread that watched it";
    assert_eq!(cause(&daemon), expected);
}
