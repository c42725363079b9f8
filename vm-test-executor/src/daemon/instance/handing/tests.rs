//! Spare VMs whose keepers are scripted.

use super::super::instance::Belongings;
use super::super::scripted_keeper::{ScriptedKeeper, assignment, started, stop};
use super::*;
use std::io::{Read, Write};
use std::time::Instant;

const LONG: Duration = Duration::from_secs(60);

fn instance() -> (Instance, ScriptedKeeper) {
    started(&assignment("a-1", "a"), Belongings::default())
}

fn refused(cause: &str) -> String {
    format!("cannot start instance a-1 of guest `a`: {cause}")
}

#[test]
fn a_spare_that_is_prepared_gets_the_stream_of_its_lease_and_then_the_word_to_begin() {
    let (instance, keeper) = instance();
    let (stop, _stopping) = stop();
    keeper.report(&KeeperReport::Prepared);
    instance.await_prepared(&stop, LONG).unwrap();
    let (mut client, stream) = UnixStream::pair().unwrap();
    keeper.report(&KeeperReport::Attached);
    instance.attach(&stream).unwrap();
    drop(stream);
    assert_eq!(keeper.hear(), ToKeeper::Stream);
    let theirs = keeper.take();
    keeper.control.set_nonblocking(true).unwrap();
    handover::receive(&keeper.control).unwrap_err();
    instance.begin().unwrap();
    assert_eq!(keeper.hear(), ToKeeper::Begin);
    UnixStream::from(theirs).write_all(b"hello").unwrap();
    let mut heard = String::new();
    client.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "hello");
}

#[test]
fn a_keeper_that_says_anything_else_than_that_it_is_prepared_has_no_spare() {
    let (stop, _stopping) = stop();
    let cause = |play: &dyn Fn(&ScriptedKeeper)| {
        let (instance, keeper) = instance();
        play(&keeper);
        drop(keeper);
        instance.await_prepared(&stop, LONG).unwrap_err().message
    };
    let failed = KeeperReport::Failed(Failure::new("why"));
    assert_eq!(cause(&|keeper| keeper.report(&failed)), "why");
    assert_eq!(
        cause(&|keeper| keeper.report(&KeeperReport::Attached)),
        refused("its keeper says Some(Attached)")
    );
    assert_eq!(cause(&|_| ()), refused("its keeper says None"));
    let too_long = cause(&|keeper| keeper.say(&u32::MAX.to_le_bytes()));
    let expected = refused("frame too large: 4294967295 bytes");
    assert!(too_long.starts_with(&expected), "{too_long}");
    let no_message = cause(&|keeper| keeper.say(&[1, 0, 0, 0, 0x77]));
    let expected = refused("protocol error");
    assert!(no_message.starts_with(&expected), "{no_message}");
}

#[test]
fn nobody_waits_for_a_silent_keeper_beyond_the_limit_or_once_the_daemon_stops() {
    let (instance, keeper) = instance();
    let (stop, stopping) = stop();
    let began = Instant::now();
    let silent = instance.await_prepared(&stop, Duration::from_millis(10));
    assert_eq!(silent.unwrap_err().message, refused("it was not prepared"));
    drop(stopping);
    keeper.report(&KeeperReport::Prepared);
    let stopped = instance.await_prepared(&stop, LONG);
    assert_eq!(stopped.unwrap_err().message, refused("it was not prepared"));
    assert!(began.elapsed() < LONG);
}

#[test]
fn a_spare_whose_keeper_has_ended_is_not_alive_and_takes_no_stream() {
    let (instance, keeper) = instance();
    assert!(instance.is_alive());
    keeper.exit(0);
    assert!(!instance.is_alive());
    let (_client, stream) = UnixStream::pair().unwrap();
    instance.attach(&stream).unwrap_err();
    instance.begin().unwrap_err();
}

#[test]
fn an_agent_that_is_there_ahead_of_its_lease_is_handed_the_stream() {
    let (instance, _keeper) = instance();
    let (stop, _stopping) = stop();
    let (agent, mut theirs) = UnixStream::pair().unwrap();
    theirs.write_all(AHEAD).unwrap();
    instance.await_agent_ahead(&agent, &stop, LONG).unwrap();
    let (mut client, stream) = UnixStream::pair().unwrap();
    instance.hand_stream(&agent, Some(&stream.into())).unwrap();
    let taken = handover::receive(&theirs).unwrap();
    UnixStream::from(taken).write_all(b"hello").unwrap();
    let mut heard = String::new();
    client.read_to_string(&mut heard).unwrap();
    assert_eq!(heard, "hello");
}

#[test]
fn an_agent_that_does_not_come_is_no_spare_for_the_reason_that_its_keeper_has() {
    let (stop, _stopping) = stop();
    let cause = |play: &dyn Fn(&ScriptedKeeper, UnixStream)| {
        let (instance, keeper) = instance();
        let (agent, theirs) = UnixStream::pair().unwrap();
        play(&keeper, theirs);
        drop(keeper);
        let limit = Duration::from_millis(100);
        let failed = instance.await_agent_ahead(&agent, &stop, limit);
        failed.unwrap_err().message
    };
    let failed = KeeperReport::Failed(Failure::new("why"));
    assert_eq!(cause(&|keeper, _| keeper.report(&failed)), "why");
    let garbage = cause(&|_, mut theirs| theirs.write_all(b"x").unwrap());
    let expected = refused("its agent says something else than that it is there");
    assert_eq!(garbage, expected);
    let gone = cause(&|_, theirs| drop(theirs));
    assert!(gone.starts_with(&refused("")), "{gone}");
    let silent = cause(&|_, theirs| std::mem::forget(theirs));
    assert_eq!(silent, refused("it was not prepared"));
}
