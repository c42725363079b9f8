//! What each toxic does to bytes, and when.

use super::trial::Trial;
use crate::toxic::{Direction, End, Kind, Toxic};

#[test]
fn latency_counts_from_the_arrival_of_each_chunk_and_adds_up() {
    let latency = |latency| Kind::Latency { latency, jitter: 0 };
    let mut trial = Trial::new(&[latency(100)]);
    trial.push(b"a");
    trial.wait(60);
    trial.push(b"b");
    assert!(trial.written().is_empty());
    trial.wait(40);
    assert_eq!(trial.written(), [b"a"]);
    trial.wait(59);
    assert!(trial.written().is_empty());
    trial.wait(1);
    assert_eq!(trial.written(), [b"b"]);

    let more = Toxic {
        name: "more".to_owned(),
        ..Toxic::new(latency(50), Direction::Downstream)
    };
    trial.toxics.add(more).unwrap();
    trial.follow();
    trial.push(b"c");
    trial.wait(149);
    assert!(trial.written().is_empty());
    trial.wait(1);
    assert_eq!(trial.written(), [b"c"]);
}

#[test]
fn jitter_is_uniform_around_the_latency() {
    let (mut low, mut high, mut sum) = (u64::MAX, 0, 0);
    let mut trial = Trial::new(&[Kind::Latency {
        latency: 100,
        jitter: 50,
    }]);
    for _ in 0..1000 {
        let begin = trial.now;
        trial.push(b"x");
        while trial.written().is_empty() {
            trial.wait(1);
        }
        let waited = (trial.now - begin).as_millis() as u64;
        (low, high, sum) = (low.min(waited), high.max(waited), sum + waited);
    }
    assert!(
        (50..55).contains(&low) && (145..150).contains(&high),
        "{low} {high}"
    );
    assert!((97_000..103_000).contains(&sum), "{sum}");
}

#[test]
fn bandwidth_gives_each_byte_its_time() {
    let mut trial = Trial::new(&[Kind::Bandwidth { rate: 1 }]);
    trial.push(&[b'x'; 250]);
    trial.wait(99);
    assert!(trial.written().is_empty());
    trial.wait(1);
    assert_eq!(trial.written().concat().len(), 100);
    trial.wait(150);
    assert_eq!(trial.written().concat().len(), 150);
    // Time without traffic is not saved for later.
    trial.wait(10_000);
    trial.push(&[b'x'; 10]);
    assert!(trial.written().is_empty());
    trial.wait(10);
    assert_eq!(trial.written().concat().len(), 10);
}

#[test]
fn a_slicer_of_average_size_1_writes_every_byte_alone() {
    let mut trial = Trial::new(&[Kind::Slicer {
        average_size: 1,
        size_variation: 0,
        delay: 0,
    }]);
    trial.push(b"hello");
    assert_eq!(trial.written(), [b"h", b"e", b"l", b"l", b"o"]);
}

#[test]
fn the_delay_of_a_slicer_is_in_microseconds() {
    let mut trial = Trial::new(&[Kind::Slicer {
        average_size: 1,
        size_variation: 0,
        delay: 2_000,
    }]);
    trial.push(b"hello");
    assert_eq!(trial.written(), [b"h"]);
    trial.wait(1);
    assert!(trial.written().is_empty());
    trial.wait(1);
    assert_eq!(trial.written(), [b"e"]);
    trial.wait(4);
    assert_eq!(trial.written(), [b"l", b"l"]);
}

#[test]
fn slow_close_delays_only_the_end() {
    let mut trial = Trial::new(&[Kind::SlowClose { delay: 100 }]);
    trial.push(b"x");
    trial.chain.finish(End::Eof);
    assert_eq!(trial.written(), [b"x"]);
    trial.wait(99);
    trial.written();
    assert_eq!(trial.chain.end(), None);
    trial.wait(1);
    trial.written();
    assert_eq!(trial.chain.end(), Some(End::Eof));
}

#[test]
fn a_timeout_drops_bytes_and_closes_after_a_time_without_any() {
    let mut trial = Trial::new(&[Kind::Timeout { timeout: 100 }]);
    trial.written();
    trial.wait(60);
    trial.push(b"x");
    assert!(trial.written().is_empty());
    trial.wait(99);
    trial.written();
    assert_eq!(trial.chain.end(), None);
    trial.wait(1);
    trial.written();
    assert_eq!(trial.chain.end(), Some(End::Close));
}
