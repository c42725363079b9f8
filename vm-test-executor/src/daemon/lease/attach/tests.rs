//! Clients in kept instances, whose agents are played by the test as well.

use super::super::super::instance::Event;
use super::super::keep;
use super::super::scripted_host::{NAME, ScriptedHost, await_that};
use super::*;
use vm_test_protocol::agent::{End, Ended, Job};
use vm_test_sys::handover;

fn job() -> ToAgent {
    ToAgent::Job(Box::new(Job::program("sh", ["-l"])))
}

fn ended() -> FromAgent {
    FromAgent::Ended(Ended::with_end(End::Exited(0)))
}

/// Runs `visits` while an instance is kept, with the agent's stream. Then removes the instance,
/// unless it is gone.
fn with_kept(visits: impl FnOnce(&ScriptedHost, &UnixStream)) {
    let daemon = ScriptedHost::new();
    let (lease, keeper, agent) = daemon.lease();
    std::thread::scope(|scope| {
        let event = scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        let (client, connection) = UnixStream::pair().unwrap();
        handover::send(&client, &agent.into()).unwrap();
        let host = &daemon.host;
        scope.spawn(move || keep::keep(host, &connection, NAME));
        assert!(matches!(frame::read(&client), Ok(Some(Reply::Kept(_)))));
        visits(&daemon, &keeper.stream);
        keep::remove(host, NAME);
        assert_eq!(event.join().unwrap(), Event::Released);
    });
    daemon.check_budget();
}

/// Attaches to the instance; `client` plays the client.
fn visit<T>(daemon: &ScriptedHost, instance: &str, client: impl FnOnce(UnixStream) -> T) -> T {
    let (ours, connection) = UnixStream::pair().unwrap();
    ours.set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            serve(&daemon.host, &connection, instance);
        });
        client(ours)
    })
}

/// Reads the answer to a client that must be admitted.
fn enter(client: &UnixStream) {
    match frame::read(client).unwrap() {
        Some(Reply::Attached(attached)) => assert_eq!(attached.stays, Duration::from_secs(600)),
        other => panic!("{other:?}"),
    }
}

fn refusal(client: UnixStream) -> String {
    match frame::read(&client).unwrap() {
        Some(Reply::Refused(failure)) => failure.message,
        other => panic!("{other:?}"),
    }
}

fn is_attached(daemon: &ScriptedHost) -> bool {
    let alive = daemon.host.registry.alive();
    let kept = alive.first().and_then(|status| status.kept);
    kept.is_some_and(|kept| kept.attached)
}

#[test]
fn a_clients_job_runs_in_the_kept_instance_which_then_waits_for_the_next_one() {
    with_kept(|daemon, agent| {
        for _ in 0..2 {
            visit(daemon, NAME, |client| {
                enter(&client);
                assert!(is_attached(daemon));
                let other = visit(daemon, NAME, refusal);
                assert_eq!(
                    other,
                    "cannot attach to a-1: another session is already attached to it"
                );
                frame::write(&client, &job()).unwrap();
                assert_eq!(frame::read(agent).unwrap(), Some(job()));
                // One visit is for one job.
                frame::write(&client, &job()).unwrap();
                let input = ToAgent::Input(b"in".to_vec());
                frame::write(&client, &input).unwrap();
                assert_eq!(frame::read(agent).unwrap(), Some(input));
                let output = FromAgent::Stdout(b"out".to_vec());
                frame::write(agent, &output).unwrap();
                frame::write(agent, &ended()).unwrap();
                for message in [Some(output), Some(ended()), None] {
                    assert_eq!(frame::read::<FromAgent>(&client).unwrap(), message);
                }
            });
            // The job that has ended is told to hang up, which does no harm.
            let hang_up = ToAgent::Signal(libc::SIGHUP);
            assert_eq!(frame::read(agent).unwrap(), Some(hang_up));
            assert!(!is_attached(daemon));
        }
    });
}

#[test]
fn the_job_of_a_client_that_disappears_is_hung_up_and_the_instance_stays() {
    with_kept(|daemon, agent| {
        visit(daemon, NAME, |client| {
            enter(&client);
            frame::write(&client, &job()).unwrap();
            assert_eq!(frame::read(agent).unwrap(), Some(job()));
            // A message that is cut off does not reach the agent.
            let message = frame::encode(&ToAgent::Input(vec![0; 100])).unwrap();
            (&client).write_all(&message[..50]).unwrap();
            drop(client);
            let hang_up = ToAgent::Signal(libc::SIGHUP);
            assert_eq!(frame::read(agent).unwrap(), Some(hang_up));
            frame::write(agent, &ended()).unwrap();
        });
        assert!(!is_attached(daemon));
        assert_eq!(daemon.host.registry.alive().len(), 1);
    });
}

#[test]
fn a_job_that_does_not_hang_up_is_killed() {
    with_kept(|daemon, agent| {
        visit(daemon, NAME, |client| {
            enter(&client);
            frame::write(&client, &job()).unwrap();
            assert_eq!(frame::read(agent).unwrap(), Some(job()));
            drop(client);
            for signal in [libc::SIGHUP, libc::SIGKILL] {
                let message = Some(ToAgent::Signal(signal));
                assert_eq!(frame::read(agent).unwrap(), message);
            }
            frame::write(agent, &ended()).unwrap();
        });
        assert_eq!(daemon.host.registry.alive().len(), 1);
    });
}

#[test]
fn a_client_that_brings_no_job_leaves_no_trace() {
    with_kept(|daemon, agent| {
        visit(daemon, NAME, |client| enter(&client));
        visit(daemon, NAME, |client| {
            enter(&client);
            frame::write(&client, &ToAgent::End).unwrap();
        });
        assert!(!is_attached(daemon));
        agent.set_nonblocking(true).unwrap();
        let nothing = (&mut &*agent).read(&mut [0]).unwrap_err();
        assert_eq!(nothing.kind(), io::ErrorKind::WouldBlock);
    });
}

#[test]
fn an_instance_whose_agent_breaks_the_protocol_is_given_up() {
    for garbage in [&u32::MAX.to_le_bytes()[..], &[1, 0, 0, 0, 0x77]] {
        with_kept(|daemon, agent| {
            visit(daemon, NAME, |client| {
                enter(&client);
                frame::write(&client, &job()).unwrap();
                assert_eq!(frame::read(agent).unwrap(), Some(job()));
                (&mut &*agent).write_all(garbage).unwrap();
                assert_eq!(frame::read::<FromAgent>(&client).unwrap(), None);
            });
            await_that(|| daemon.host.registry.alive().is_empty());
        });
    }
}

#[test]
fn only_kept_instances_are_attached_to() {
    let daemon = ScriptedHost::new();
    let (lease, _keeper, client) = daemon.lease();
    std::thread::scope(|scope| {
        scope.spawn(|| daemon.live(lease));
        daemon.await_life();
        for (instance, cause) in [
            (NAME, "its test still runs"),
            ("a-2", "there is no such instance"),
        ] {
            let words = visit(&daemon, instance, refusal);
            assert_eq!(words, format!("cannot attach to {instance}: {cause}"));
        }
        drop(client);
    });
}
