//! Instances with scripted keepers that are kept and removed.

use super::super::super::instance::Event;
use super::super::scripted_host::{MEMORY, NAME, ScriptedHost};
use super::*;
use std::io::{Read, Write};

/// Returns the answer to a client that hands over its end of a lease's stream; `None` if there is
/// no answer.
fn answer(daemon: &ScriptedHost, agent: Option<UnixStream>, instance: &str) -> Option<Reply> {
    let (client, connection) = UnixStream::pair().unwrap();
    match agent {
        Some(agent) => handover::send(&client, &agent.into()).unwrap(),
        // What a descriptor comes with, alone.
        None => (&client).write_all(b"d").unwrap(),
    }
    keep(&daemon.host, &connection, instance);
    drop(connection);
    frame::read(&client).unwrap()
}

fn refused(reply: Option<Reply>) -> String {
    match reply {
        Some(Reply::Refused(failure)) => failure.message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_kept_instance_outlives_its_test_process_until_it_is_removed() {
    let daemon = ScriptedHost::new();
    let (lease, mut keeper, agent) = daemon.lease();
    std::thread::scope(|scope| {
        let event = scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        let (client, connection) = UnixStream::pair().unwrap();
        handover::send(&client, &agent.into()).unwrap();
        let host = &daemon.host;
        let kept = scope.spawn(move || keep(host, &connection, NAME));
        assert_eq!(
            frame::read::<Reply>(&client).unwrap(),
            Some(Reply::Kept(Duration::from_secs(600)))
        );
        // The client is told to end.
        assert_eq!((&client).read(&mut [0]).unwrap(), 0);
        let alive = host.registry.alive();
        assert!(alive[0].kept.is_some_and(|kept| !kept.attached));
        let written = daemon.written().0;
        assert_eq!(
            (&written["outcome"], &written["kept"]),
            (&"lost".into(), &true.into())
        );
        // The processor is given back, the memory is not.
        assert_eq!(daemon.promised(), MEMORY);
        assert!(host.admission.has_room(MEMORY, 1));
        assert!(!kept.is_finished() && !event.is_finished() && !keeper.is_killed());
        // A second holder is refused, and changes nothing.
        let other = UnixStream::pair().unwrap().0;
        let again = refused(answer(&daemon, Some(other), NAME));
        assert_eq!(
            again,
            "cannot keep a-1: it is not configured to be kept, or is kept already"
        );
        assert_eq!(remove(host, NAME), Reply::Removed);
        assert!(keeper.is_killed());
        assert_eq!(keeper.stream.read(&mut [0]).unwrap(), 0);
        assert_eq!(event.join().unwrap(), Event::Released);
        kept.join().unwrap();
    });
    daemon.check_budget();
    // The line was written when the instance was kept, and only then.
    assert_eq!(daemon.written().0["kept"], true);
}

#[test]
fn a_kept_instance_that_dies_is_let_go_by_the_daemon() {
    let daemon = ScriptedHost::new();
    let (lease, keeper, agent) = daemon.lease();
    std::thread::scope(|scope| {
        let event = scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        let kept = scope.spawn(|| answer(&daemon, Some(agent), NAME));
        let is_kept = || daemon.host.registry.alive()[0].kept.is_some();
        super::super::scripted_host::await_that(is_kept);
        keeper.exit(0);
        assert_eq!(event.join().unwrap(), Event::Died);
        assert_eq!(
            kept.join().unwrap(),
            Some(Reply::Kept(Duration::from_secs(600)))
        );
    });
    daemon.check_budget();
}

#[test]
fn an_instance_whose_client_does_not_hear_that_it_is_kept_goes_at_once() {
    let daemon = ScriptedHost::new();
    let (lease, keeper, agent) = daemon.lease();
    std::thread::scope(|scope| {
        let event = scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        let (client, connection) = UnixStream::pair().unwrap();
        handover::send(&client, &agent.into()).unwrap();
        client.shutdown(Shutdown::Both).unwrap();
        keep(&daemon.host, &connection, NAME);
        assert_eq!(event.join().unwrap(), Event::Released);
    });
    assert!(keeper.is_killed());
    daemon.check_budget();
}

#[test]
fn what_cannot_be_kept_is_refused_and_goes_on_as_it_was() {
    let daemon = ScriptedHost::new();
    let end = || Some(UnixStream::pair().unwrap().0);
    let (mut lease, keeper, client) = daemon.lease();
    lease.living.granted.keep_for = None;
    std::thread::scope(|scope| {
        let event = scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        for (agent, instance, cause) in [
            (None, NAME, "the request contained no stream"),
            (
                end(),
                NAME,
                "it is not configured to be kept, or is kept already",
            ),
            (end(), "a-2", "it is gone"),
        ] {
            let words = refused(answer(&daemon, agent, instance));
            assert_eq!(words, format!("cannot keep {instance}: {cause}"));
        }
        let words = refused(Some(remove(&daemon.host, NAME)));
        assert_eq!(words, "cannot remove a-1: it is not kept, but in use");
        let words = refused(Some(remove(&daemon.host, "a-2")));
        assert_eq!(words, "cannot remove a-2: there is no such instance");
        assert!(!event.is_finished() && !keeper.is_killed());
        assert_eq!(daemon.promised(), MEMORY);
        drop(client);
        assert_eq!(event.join().unwrap(), Event::Released);
    });
}
