//! What an agent may send about channels, and what it may not.

use super::*;
use vm_test_protocol::frame;

fn demultiplexer() -> Demultiplexer {
    Demultiplexer::new(FrameBuffer::default())
}

fn part(channel: u32, bytes: &[u8]) -> FromAgent {
    let bytes = bytes.to_vec();
    FromAgent::Channel { channel, bytes }
}

fn push(to: &mut Demultiplexer, message: &FromAgent) -> io::Result<()> {
    to.push(&frame::encode(message).unwrap())
}

fn bytes(next: Next) -> Vec<u8> {
    match next {
        Next::Bytes(bytes, 0) => bytes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_comes_is_kept_for_its_channel_until_it_is_taken_and_then_it_ends() {
    let mut all = demultiplexer();
    let (first, second) = (all.open().unwrap().0, all.open().unwrap().0);
    assert_eq!(all.take(first), Next::Nothing);
    for message in [
        part(second, b"2"),
        part(first, b"a"),
        part(second, b"3"),
        part(first, b"b"),
        FromAgent::Closed { channel: first },
    ] {
        push(&mut all, &message).unwrap();
    }
    assert_eq!(bytes(all.take(first)), b"ab");
    assert_eq!(all.take(first), Next::End);
    assert_eq!(bytes(all.take(second)), b"23");
    assert_eq!(all.take(second), Next::Nothing);
}

#[test]
fn the_agent_is_told_what_was_taken_before_its_window_is_used_up_and_may_send_no_more() {
    let mut all = demultiplexer();
    let channel = all.open().unwrap().0;
    let half = vec![0; WINDOW / 2];
    for _ in 0..5 {
        push(&mut all, &part(channel, &half)).unwrap();
        let told = u32::try_from(half.len()).unwrap();
        assert_eq!(all.take(channel), Next::Bytes(half.clone(), told));
    }
    for _ in 0..2 {
        push(&mut all, &part(channel, &half)).unwrap();
    }
    let error = push(&mut all, &part(channel, b"a")).unwrap_err();
    let words = "protocol error: more bytes of a channel than it may send";
    assert_eq!(error.to_string(), words);
}

#[test]
fn nobody_is_told_of_a_channel_that_the_agent_does_not_know_or_has_closed() {
    let mut all = demultiplexer();
    let (unknown, open, closed) = (
        all.open().unwrap().0,
        all.open().unwrap().0,
        all.open().unwrap().0,
    );
    push(&mut all, &FromAgent::Closed { channel: closed }).unwrap();
    assert!(!all.abandon(unknown, false));
    assert!(!all.abandon(closed, true));
    assert!(all.abandon(open, true));
    // What was on its way is dropped, and counted all the same.
    push(&mut all, &part(open, b"a")).unwrap();
    assert_eq!(all.take(open), Next::End);
    assert!(push(&mut all, &part(open, &vec![0; WINDOW])).is_err());
    let mut all = demultiplexer();
    let open = all.open().unwrap().0;
    assert!(all.abandon(open, true));
    push(&mut all, &FromAgent::Closed { channel: open }).unwrap();
    assert!(all.queues.is_empty());
}

#[test]
fn what_no_agent_sends_is_an_error_that_says_what_it_was() {
    for (message, words) in [
        (part(7, b"a"), "bytes of a channel that is not open"),
        (
            FromAgent::Closed { channel: 7 },
            "the end of a channel that is not open",
        ),
        (
            FromAgent::Single,
            "a message outside of all channels: Single",
        ),
        (FromAgent::Begun, "a message outside of all channels: Begun"),
        (
            FromAgent::Hello {
                protocol: 0,
                kernel: String::new(),
                degraded: None,
            },
            "the guest was restarted",
        ),
    ] {
        let mut all = demultiplexer();
        let _open = all.open().unwrap();
        let error = push(&mut all, &message).unwrap_err();
        assert_eq!(error.to_string(), format!("protocol error: {words}"));
    }
    let mut all = demultiplexer();
    let channel = all.open().unwrap().0;
    push(&mut all, &FromAgent::Closed { channel }).unwrap();
    assert!(push(&mut all, &part(channel, b"a")).is_err());
}

#[test]
fn there_is_one_job_at_a_time_again_only_if_that_is_wanted_and_nothing_comes_after_it() {
    let mut all = demultiplexer();
    all.ends = true;
    push(&mut all, &FromAgent::Single).unwrap();
    assert!(all.is_single);
    assert!(push(&mut all, &FromAgent::Single).is_err());
}

#[test]
fn too_many_channels_are_refused_by_name() {
    let mut all = demultiplexer();
    for _ in 0..MOST_CHANNELS {
        all.open().unwrap();
    }
    let error = all.open().unwrap_err();
    assert_eq!(error.to_string(), "96 things run on the node already");
    all.abandon(1, false);
    assert_eq!(all.open().unwrap().0, 97);
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
fn whatever_a_hostile_node_sends_is_sorted_or_refused_and_no_more_than_windows_is_kept() {
    let mut refused = 0;
    for seed in 0..500 {
        let mut number = numbers(seed + 1);
        let mut all = demultiplexer();
        for _ in 0..4 {
            all.open().unwrap();
        }
        let mut sent = Vec::new();
        for _ in 0..number() % 30 {
            let channel = (number() % 6) as u32;
            let message = match number() % 8 {
                0 => FromAgent::Closed { channel },
                1 => FromAgent::Stdout(vec![0; number() as usize % 100]),
                _ => part(channel, &vec![0; number() as usize % (WINDOW / 2)]),
            };
            sent.extend(frame::encode(&message).unwrap());
        }
        // A third of them are damaged, and each ends anywhere.
        if number().is_multiple_of(3) && !sent.is_empty() {
            let at = number() as usize % sent.len();
            sent[at] = number() as u8;
        }
        sent.truncate(number() as usize % (sent.len() + 1));
        for piece in sent.chunks(number() as usize % 5000 + 1) {
            if all.push(piece).is_err() {
                refused += 1;
                break;
            }
            if number().is_multiple_of(4) {
                all.take((number() % 6) as u32);
            }
        }
        for queue in all.queues.values() {
            assert!(queue.bytes.len() <= WINDOW, "seed {seed}");
        }
    }
    assert!((1..500).contains(&refused), "{refused}");
}

#[test]
fn random_bytes_are_refused_or_wait_for_the_rest_of_a_message() {
    for seed in 0..500 {
        let mut number = numbers(seed + 1);
        let mut all = demultiplexer();
        let (channel, _) = all.open().unwrap();
        let length = number() % 3000;
        let bytes: Vec<u8> = (0..length).map(|_| number() as u8).collect();
        let _ = all.push(&bytes);
        assert!(matches!(all.take(channel), Next::Nothing | Next::End));
    }
}
