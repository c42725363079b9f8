//! Channels of a scripted host at one end, and of scripted jobs at the other.

use super::*;
use crate::memory::Limit;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread::JoinHandle;
use vm_test_protocol::agent::{End, Ended, Job};
use vm_test_protocol::channel::{PIECE, WINDOW};
use vm_test_protocol::frame::FrameBuffer;

/// The channels of jobs that only do this.
const ECHO: u32 = 1;
const FLOOD: u32 = 2;
const BREAK: u32 = 3;

/// Serves channels to the other end of what is returned.
fn serving() -> (UnixStream, JoinHandle<io::Result<()>>) {
    let (host, ours) = UnixStream::pair().unwrap();
    let served = std::thread::spawn(move || {
        let directory = tempfile::tempdir()?;
        let guest = Guest {
            listener: UnixListener::bind(directory.path().join("socket"))?,
            memory: Limit::new(None),
        };
        serve(&mut Host::new(ours.into())?, &guest, &mut Vec::new(), job)
    });
    (host, served)
}

/// What the job of a channel does until its client is gone.
fn job(channel: u32, stream: OwnedFd) -> Left {
    let mut stream = UnixStream::from(stream);
    let mut bytes = vec![0; PIECE];
    match channel {
        FLOOD => while stream.write_all(&bytes).is_ok() {},
        BREAK => {
            let _ = stream.read(&mut bytes);
            return Err(io::Error::other("it breaks"));
        }
        _ => {
            while let Ok(count @ 1..) = stream.read(&mut bytes) {
                stream.write_all(&bytes[..count])?;
            }
            if channel == ECHO {
                return Err(io::Error::other("the client of the echo is gone"));
            }
        }
    }
    Ok(Vec::new())
}

fn say(host: &UnixStream, message: &ToAgent) {
    frame::write(host, message).unwrap();
}

/// Tells a job something, as the first thing.
fn tell(host: &UnixStream, channel: u32, words: &str) {
    tell_more(host, channel, words, true);
}

fn tell_more(host: &UnixStream, channel: u32, words: &str, opens: bool) {
    let message = ToAgent::Channel {
        channel,
        opens,
        bytes: words.into(),
    };
    say(host, &message);
}

fn hear(host: &UnixStream) -> Option<FromAgent> {
    frame::read(host).unwrap()
}

fn heard(channel: u32, words: &str) -> Option<FromAgent> {
    let bytes = words.into();
    Some(FromAgent::Channel { channel, bytes })
}

#[test]
fn each_job_hears_and_says_only_what_is_on_its_channel() {
    let (host, served) = serving();
    // Those who open them do not wait for each other.
    for channel in (4..40).rev() {
        tell(&host, channel, &channel.to_string());
        assert_eq!(hear(&host), heard(channel, &channel.to_string()));
    }
    tell_more(&host, 7, "more", false);
    assert_eq!(hear(&host), heard(7, "more"));
    for channel in 4..40 {
        say(&host, &ToAgent::Close { channel });
        assert_eq!(hear(&host), Some(FromAgent::Closed { channel }));
        // The channel is closed, so the message is ignored, and other jobs go on.
        tell_more(&host, channel, "too late", false);
    }
    say(&host, &ToAgent::Single);
    assert_eq!(hear(&host), Some(FromAgent::Single));
    served.join().unwrap().unwrap();
}

#[test]
fn a_channel_that_nobody_takes_from_sends_no_more_than_its_window_and_holds_up_no_other() {
    let (host, served) = serving();
    tell(&host, FLOOD, "begin");
    let mut sent = 0;
    let take = |sent: &mut usize, most: usize| {
        while *sent < most {
            match hear(&host) {
                Some(FromAgent::Channel { channel, bytes }) if channel == FLOOD => {
                    *sent += bytes.len();
                }
                other => panic!("{other:?}"),
            }
        }
    };
    take(&mut sent, WINDOW);
    assert_eq!(sent, WINDOW);
    tell(&host, 9, "other");
    assert_eq!(hear(&host), heard(9, "other"));
    let more = ToAgent::Taken {
        channel: FLOOD,
        bytes: 100,
    };
    say(&host, &more);
    take(&mut sent, WINDOW + 100);
    assert_eq!(sent, WINDOW + 100);
    drop(host);
    let _ = served.join().unwrap();
}

#[test]
fn when_the_host_goes_the_first_job_says_what_it_did_and_all_have_ended() {
    let (host, served) = serving();
    tell(&host, ECHO, "begin");
    assert_eq!(hear(&host), heard(ECHO, "begin"));
    for channel in [FLOOD, 9] {
        tell(&host, channel, "begin");
    }
    drop(host);
    let error = served.join().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the client of the echo is gone");
}

#[test]
fn a_job_that_the_agent_cannot_go_on_with_ends_all_unless_nobody_waits_for_it() {
    let (host, served) = serving();
    tell(&host, BREAK, "now");
    let error = served.join().unwrap().unwrap_err();
    assert_eq!(error.to_string(), "it breaks");
    drop(host);
    let (host, served) = serving();
    tell(&host, ECHO, "");
    say(&host, &ToAgent::Close { channel: ECHO });
    assert_eq!(hear(&host), Some(FromAgent::Closed { channel: ECHO }));
    drop(host);
    served.join().unwrap().unwrap();
}

#[test]
fn one_channel_too_many_is_refused_by_name_and_the_others_stay() {
    let (host, served) = serving();
    let (first, count) = (4, u32::try_from(MOST_CHANNELS).unwrap());
    for channel in first..first + count {
        tell(&host, channel, "a");
        assert_eq!(hear(&host), heard(channel, "a"));
    }
    let channel = first + count;
    tell(&host, channel, "a");
    let Some(FromAgent::Channel { bytes, .. }) = hear(&host) else {
        panic!("it is not refused");
    };
    let mut buffer = FrameBuffer::default();
    buffer.push(&bytes);
    let Ok(Some(FromAgent::Ended(Ended {
        end: End::NotStarted { reason, .. },
        ..
    }))) = buffer.pop()
    else {
        panic!("it is not refused as a job");
    };
    assert_eq!(reason, "no channel for it: 96 jobs run on the node already");
    assert_eq!(hear(&host), Some(FromAgent::Closed { channel }));
    tell_more(&host, first, "still", false);
    assert_eq!(hear(&host), heard(first, "still"));
    drop(host);
    let _ = served.join().unwrap();
}

/// Numbers that look random and are the same each time.
fn numbers(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

#[test]
fn whatever_bytes_come_in_place_of_messages_the_agent_ends_or_goes_on_and_never_panics() {
    for seed in 0..200 {
        let mut number = numbers(seed + 1);
        let mut bytes = Vec::new();
        for _ in 0..number() % 20 {
            let channel = (number() % 8) as u32;
            let message = match number() % 5 {
                0 => ToAgent::Close { channel },
                1 => ToAgent::Taken {
                    channel,
                    bytes: number() as u32,
                },
                2 => ToAgent::Job(Box::new(Job::program("true", [""; 0]))),
                _ => ToAgent::Channel {
                    channel,
                    opens: number().is_multiple_of(2),
                    bytes: vec![number() as u8; number() as usize % 2000],
                },
            };
            bytes.extend(frame::encode(&message).unwrap());
        }
        // Half of them are damaged, and each ends anywhere.
        for _ in 0..number() % 2 * (number() % 4) {
            let at = number() as usize % bytes.len().max(1);
            if let Some(byte) = bytes.get_mut(at) {
                *byte = number() as u8;
            }
        }
        bytes.truncate(number() as usize % (bytes.len() + 1));
        let (mut host, served) = serving();
        // If it has ended already, it does not take everything.
        let _ = host.write_all(&bytes);
        drop(host);
        let _ = served.join().expect("no panic");
    }
}
