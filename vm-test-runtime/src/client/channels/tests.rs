//! Channels to a scripted agent at the other end of a socket pair.

use super::*;
use std::io::{ErrorKind, Write};
use std::os::unix::net::UnixStream;
use vm_test_protocol::agent::{End, Ended, FromAgent};
use vm_test_protocol::channel::{PIECE, WINDOW};
use vm_test_protocol::frame;

/// No test waits as long unless something is wrong.
const AMPLE: Option<Duration> = Some(Duration::from_secs(60));

/// Returns channels, the handle of the first one, and the agent's end.
fn channels() -> (Channels, Agent, UnixStream) {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let mut agent = Agent::new(ours, FrameBuffer::default());
    let channels = Channels::over(&mut agent).unwrap();
    assert_eq!(hear(&theirs), Some(ToAgent::Multiplex));
    (channels, agent, theirs)
}

fn hear(stream: &UnixStream) -> Option<ToAgent> {
    frame::read(stream).unwrap()
}

/// Says something on a channel, as its job does.
fn say(stream: &UnixStream, channel: u32, message: &FromAgent) {
    let bytes = frame::encode(message).unwrap();
    for piece in bytes.chunks(PIECE) {
        let bytes = piece.to_vec();
        frame::write(stream, &FromAgent::Channel { channel, bytes }).unwrap();
    }
}

fn output(text: &str) -> FromAgent {
    FromAgent::Stdout(text.into())
}

#[test]
fn each_handle_is_an_agent_of_its_own_whichever_of_them_waits() {
    let (channels, mut first, stream) = channels();
    let mut second = channels.open().unwrap();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| first.receive(AMPLE));
        second.send(&ToAgent::End).unwrap();
        second.send(&ToAgent::End).unwrap();
        for opens in [true, false] {
            let expected = ToAgent::Channel {
                channel: 2,
                opens,
                bytes: frame::encode(&ToAgent::End).unwrap(),
            };
            assert_eq!(hear(&stream), Some(expected));
        }
        say(&stream, 2, &output("two"));
        assert_eq!(second.receive(AMPLE).unwrap(), Some(output("two")));
        say(&stream, 1, &output("one"));
        assert_eq!(waiting.join().unwrap().unwrap(), Some(output("one")));
    });
    let short = Some(Duration::from_millis(5));
    let error = second.receive(short).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    frame::write(&stream, &FromAgent::Closed { channel: 2 }).unwrap();
    assert_eq!(second.receive(AMPLE).unwrap(), None);
}

#[test]
fn a_message_longer_than_a_window_arrives_and_the_agent_learns_that_it_may_go_on() {
    let (_channels, mut first, stream) = channels();
    let long = FromAgent::Stdout(vec![b'a'; 3 * WINDOW]);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let bytes = frame::encode(&long).unwrap();
            let mut allowance = WINDOW;
            for piece in bytes.chunks(PIECE) {
                while allowance < piece.len() {
                    match hear(&stream) {
                        Some(ToAgent::Taken { channel: 1, bytes }) => allowance += bytes as usize,
                        other => panic!("{other:?}"),
                    }
                }
                allowance -= piece.len();
                let bytes = piece.to_vec();
                frame::write(&stream, &FromAgent::Channel { channel: 1, bytes }).unwrap();
            }
        });
        assert_eq!(first.receive(AMPLE).unwrap().as_ref(), Some(&long));
    });
}

#[test]
fn a_node_that_dies_ends_every_channel_at_once_even_within_a_message() {
    let (channels, first, stream) = channels();
    let mut handles = [first, channels.open().unwrap(), channels.open().unwrap()];
    let bytes = frame::encode(&output("half")).unwrap()[..3].to_vec();
    frame::write(&stream, &FromAgent::Channel { channel: 2, bytes }).unwrap();
    (&stream).write_all(&[9, 0, 0, 0, 1]).unwrap();
    std::thread::scope(|scope| {
        let waiting: Vec<_> = handles
            .iter_mut()
            .map(|handle| scope.spawn(|| handle.receive(AMPLE)))
            .collect();
        drop(stream);
        for thread in waiting {
            assert_eq!(thread.join().unwrap().unwrap(), None);
        }
    });
    let error = channels.open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_node_that_breaks_the_protocol_is_heard_no_more_and_every_channel_says_why() {
    let (channels, mut first, stream) = channels();
    let mut second = channels.open().unwrap();
    say(&stream, 1, &output("before"));
    frame::write(&stream, &FromAgent::Begun).unwrap();
    assert_eq!(first.receive(AMPLE).unwrap(), Some(output("before")));
    for handle in [&mut first, &mut second] {
        let error = handle.receive(AMPLE).unwrap_err();
        let words = "protocol error: a message outside of all channels: Begun";
        assert_eq!(error.to_string(), words);
    }
    assert_eq!(hear(&stream), None);
}

#[test]
fn a_handle_that_is_dropped_ends_its_job_and_no_other() {
    let (channels, mut first, stream) = channels();
    let second = channels.open().unwrap();
    // Nothing was ever said on this one.
    drop(channels.open().unwrap());
    let speaker = second.speaker().unwrap();
    second.send(&ToAgent::End).unwrap();
    assert!(matches!(hear(&stream), Some(ToAgent::Channel { .. })));
    drop(second);
    speaker.send(&ToAgent::End).unwrap();
    assert!(matches!(hear(&stream), Some(ToAgent::Channel { .. })));
    drop(speaker);
    assert_eq!(hear(&stream), Some(ToAgent::Close { channel: 2 }));
    say(&stream, 2, &output("on its way"));
    frame::write(&stream, &FromAgent::Closed { channel: 2 }).unwrap();
    say(&stream, 1, &output("a"));
    assert_eq!(first.receive(AMPLE).unwrap(), Some(output("a")));
}

#[test]
fn afterwards_there_is_one_job_at_a_time_again_on_the_same_stream() {
    let (channels, first, stream) = channels();
    first.send(&ToAgent::End).unwrap();
    assert!(matches!(hear(&stream), Some(ToAgent::Channel { .. })));
    drop(first);
    let agent = std::thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(hear(&stream), Some(ToAgent::Close { channel: 1 }));
            assert_eq!(hear(&stream), Some(ToAgent::Single));
            frame::write(&stream, &FromAgent::Closed { channel: 1 }).unwrap();
            frame::write(&stream, &FromAgent::Single).unwrap();
        });
        channels.end()
    });
    let mut agent = agent.unwrap();
    agent.send(&ToAgent::End).unwrap();
    assert_eq!(hear(&stream), Some(ToAgent::End));
    let ended = FromAgent::Ended(Ended::with_end(End::Exited(0)));
    frame::write(&stream, &ended).unwrap();
    assert_eq!(agent.receive(AMPLE).unwrap(), Some(ended));
    assert!(agent.sender().is_ok());
}
