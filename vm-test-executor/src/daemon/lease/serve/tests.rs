//! Leases that get no instance. Those that get one need a guest, and are tested end to end.

use super::super::queue::{PATIENCE, is_there};
use super::super::scripted_host::{ScriptedHost, request};
use super::*;
use std::fs;

/// Asks for a guest that is not defined; returns the answers.
fn ask(daemon: &ScriptedHost) -> Vec<Reply> {
    let (client, connection) = UnixStream::pair().unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = request(daemon.directory(), "run-1");
    serve(&daemon.host, &connection, &request);
    let read = || frame::read::<Reply>(&client).unwrap();
    std::iter::from_fn(read).collect()
}

#[test]
fn a_request_that_cannot_be_met_is_answered_once_and_written_down() {
    let daemon = ScriptedHost::new();
    let replies = ask(&daemon);
    let [Reply::Refused(failure)] = &replies[..] else {
        panic!("{replies:?}");
    };
    let (line, log) = daemon.written();
    assert_eq!(line["outcome"], "no-instance");
    assert_eq!(line["words"], failure.to_string());
    assert_eq!(log, "");
    daemon.check_budget();
}

#[test]
fn a_daemon_that_goes_answers_nothing_so_that_the_next_one_is_asked() {
    let daemon = ScriptedHost::new();
    daemon.host.gate.close();
    assert!(ask(&daemon).is_empty());
    assert!(fs::read_dir(daemon.directory().join("runs")).is_err());
}

#[test]
fn a_lease_that_waits_ends_when_its_client_disappears() {
    let daemon = ScriptedHost::new();
    let (_lease, _keeper, _client) = daemon.lease();
    let guest = Guest::new("a").unwrap();
    let (client, connection) = UnixStream::pair().unwrap();
    std::thread::scope(|scope| {
        let room = scope.spawn(|| admit(&daemon.host, &connection, &guest));
        super::super::scripted_host::await_that(|| daemon.host.admission.status().0 == 1);
        assert!(is_there(&connection));
        client.shutdown(Shutdown::Both).unwrap();
        assert!(!is_there(&connection));
        assert!(room.join().unwrap().unwrap().is_none());
    });
    assert_eq!(daemon.host.admission.status().0, 0);
}

#[test]
fn an_instance_that_could_not_be_started_has_a_report_for_its_client() {
    let daemon = ScriptedHost::new();
    let (lease, _keeper, _client) = daemon.lease();
    let request = request(daemon.directory(), "run-1");
    let granted = lease.living.granted.clone();
    let failure = Failure::new("why");
    refuse_granted(&daemon.host, &request, SystemTime::now(), &granted, failure);
    let exit_report = daemon.host.registry.exit_report("a-1").unwrap();
    assert_eq!(exit_report.cause.unwrap().message, "why");
    let (line, log) = daemon.written();
    assert_eq!(line["outcome"], "no-instance");
    assert!(log.contains("why"), "{log}");
}
