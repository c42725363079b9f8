//! Tests of a scripted agent at the other end of a socket pair, as they are watched.

use super::*;
use crate::client::{Agent, Followed, Lost};
use crate::harvest::Places;
use std::os::unix::net::UnixStream;
use vm_test_protocol::agent::End;
use vm_test_protocol::frame::{self, FrameBuffer};

const NONCE: u128 = 7;

/// What is seen of a test whose agent says this and is gone then.
fn watched(messages: &[FromAgent]) -> (Followed, Seen, Tail) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    for message in messages {
        frame::write(&theirs, message).unwrap();
    }
    drop(theirs);
    let mut harvest = Harvest::new(Places::default(), "");
    let is_told = || false;
    let mut watch = Watch::new(NONCE, &is_told, &mut harvest);
    let mut agent = Agent::new(ours, FrameBuffer::default());
    let followed = agent.follow(None, &mut watch);
    let (seen, tail) = watch.finish();
    (followed, seen, tail)
}

fn verdict(nonce: u128, outcome: BodyOutcome) -> FromAgent {
    FromAgent::Verdict { nonce, outcome }
}

fn exited(code: i32) -> FromAgent {
    FromAgent::Ended(Ended::with_end(End::Exited(code)))
}

fn panic(message: &str) -> PanicReport {
    PanicReport {
        thread: None,
        message: Some(message.to_owned()),
        location: None,
    }
}

#[test]
fn a_verdict_and_the_panics_before_it_are_seen_and_output_after_it_is_kept() {
    let outcome = BodyOutcome::Panicked(Some("b".to_owned()));
    let (followed, seen, tail) = watched(&[
        FromAgent::Begun,
        FromAgent::Stdout(b"early ".to_vec()),
        FromAgent::Panic(panic("a")),
        FromAgent::Panic(panic("b")),
        verdict(NONCE, outcome.clone()),
        FromAgent::Stderr(b"late".to_vec()),
        exited(101),
    ]);
    assert_eq!(followed.ended.unwrap().end, End::Exited(101));
    assert!(seen.begun);
    assert_eq!(seen.verdict, Some(outcome));
    assert_eq!(seen.panics, [panic("a"), panic("b")]);
    assert_eq!(seen.stray, None);
    assert_eq!(tail.to_vec(), b"early late");
}

#[test]
fn a_stream_that_ends_before_a_verdict_is_a_death_without_one() {
    let (followed, seen, _) = watched(&[FromAgent::Begun]);
    assert!(matches!(followed.ended, Err(Lost::Died)), "{followed:?}");
    assert!(seen.begun);
    assert_eq!(seen.verdict, None);
}

#[test]
fn what_no_agent_says_of_a_test_is_a_breach_whatever_the_verdict() {
    let passed = || verdict(NONCE, BodyOutcome::Passed);
    for (stray, words) in [
        (passed(), "a second verdict"),
        (
            verdict(NONCE + 1, BodyOutcome::Passed),
            "a verdict with another job's nonce",
        ),
        (FromAgent::InputTaken(1), "InputTaken(1)"),
        (FromAgent::NotUp("why".to_owned()), "NotUp(\"why\")"),
    ] {
        let (followed, seen, _) = watched(&[passed(), stray, exited(0)]);
        assert!(followed.ended.is_ok(), "{followed:?}");
        assert_eq!(seen.stray.as_deref(), Some(words));
    }
}

#[test]
fn a_guest_that_writes_more_than_an_agent_lets_through_is_followed_no_longer() {
    let mut harvest = Harvest::new(Places::default(), "");
    let is_told = || false;
    let mut watch = Watch::new(NONCE, &is_told, &mut harvest);
    watch.output = MOST_OUTPUT - 1;
    assert!(watch.take(FromAgent::Stdout(b"a".to_vec())).is_ok());
    let failure = watch.take(FromAgent::Stderr(b"a".to_vec())).unwrap_err();
    let words = "the guest broke the protocol: more than 257 MiB of output";
    assert_eq!(failure.message, words);
}

#[test]
fn of_a_flood_of_panics_the_last_ones_are_remembered() {
    let mut seen = Seen::default();
    for number in 0..=MOST_PANICS {
        seen.panic(panic(&number.to_string()));
    }
    assert_eq!(seen.panics.len(), MOST_PANICS);
    assert_eq!(seen.panics[0], panic("1"));
}
