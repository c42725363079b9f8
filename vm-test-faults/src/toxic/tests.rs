//! Chains of toxics, told of bytes and of a time that the test decides.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use super::{Chain, Chunk, Direction, End, Kind, Place, Toxic, Toxics};
use crate::seed::Seed;

/// A chain, the list that it follows, and a clock.
struct Trial {
    toxics: Toxics,
    chain: Chain,
    now: Instant,
}

impl Trial {
    fn new(kinds: &[Kind]) -> Self {
        let trial = Self {
            toxics: Toxics::new(),
            chain: Chain::new(Place {
                seed: Seed(7),
                proxy: "p".into(),
                connection: 0,
                direction: Direction::Downstream,
            }),
            now: Instant::now(),
        };
        for kind in kinds {
            trial.add(kind.clone());
        }
        let mut trial = trial;
        trial.follow();
        trial
    }

    fn add(&self, kind: Kind) {
        let toxic = Toxic::new(kind, Direction::Downstream);
        self.toxics.add(toxic).unwrap();
    }

    fn follow(&mut self) {
        self.chain.follow(&self.toxics.watch().borrow(), self.now);
    }

    fn push(&mut self, bytes: &'static [u8]) {
        assert!(self.chain.has_room());
        self.chain
            .push(Chunk::new(Bytes::from_static(bytes), self.now));
    }

    /// Returns what can be written now, chunk by chunk.
    fn written(&mut self) -> Vec<Vec<u8>> {
        let mut written = Vec::new();
        loop {
            self.chain.advance(self.now);
            match self.chain.output().map(<[u8]>::to_vec) {
                Some(chunk) => {
                    self.chain.written(chunk.len());
                    written.push(chunk);
                }
                None => return written,
            }
        }
    }

    fn wait(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }
}

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

#[test]
fn a_timeout_of_0_waits_for_ever_and_closes_when_it_is_removed() {
    let mut trial = Trial::new(&[Kind::Timeout { timeout: 0 }]);
    trial.push(b"x");
    trial.wait(1_000_000);
    assert!(trial.written().is_empty());
    assert_eq!(trial.chain.end(), None);
    trial.toxics.remove("timeout_downstream").unwrap();
    trial.follow();
    trial.written();
    assert_eq!(trial.chain.end(), Some(End::Close));
}

#[test]
fn reset_peer_waits_for_bytes_and_loses_none_if_it_is_removed_before() {
    let mut trial = Trial::new(&[Kind::ResetPeer { timeout: 100 }]);
    trial.wait(1_000);
    trial.written();
    assert_eq!(trial.chain.end(), None);
    trial.push(b"x");
    assert!(trial.written().is_empty());
    trial.toxics.remove("reset_peer_downstream").unwrap();
    trial.follow();
    assert_eq!(trial.written(), [b"x"]);

    trial.add(Kind::ResetPeer { timeout: 0 });
    trial.follow();
    trial.push(b"y");
    assert!(trial.written().is_empty());
    assert_eq!(trial.chain.end(), Some(End::Reset));
}

#[test]
fn limit_data_counts_on_when_it_is_updated() {
    let set = |trial: &Trial, bytes| {
        let change = |toxic: &mut Toxic| {
            toxic.kind = Kind::LimitData { bytes };
            Ok::<_, super::ToxicError>(())
        };
        trial
            .toxics
            .update("limit_data_downstream", change)
            .unwrap();
    };
    let mut trial = Trial::new(&[Kind::LimitData { bytes: 100 }]);
    trial.push(&[b'x'; 60]);
    assert_eq!(trial.written().concat().len(), 60);
    set(&trial, 80);
    trial.follow();
    trial.push(&[b'x'; 60]);
    assert_eq!(trial.written().concat().len(), 20);
    assert_eq!(trial.chain.end(), Some(End::Close));
}

#[test]
fn a_removed_toxic_gives_what_it_holds_to_the_next_in_order() {
    let mut trial = Trial::new(&[Kind::Latency {
        latency: 1_000,
        jitter: 0,
    }]);
    trial.add(Kind::Bandwidth { rate: 0 });
    trial.follow();
    for bytes in [&b"a"[..], b"b", b"c"] {
        trial.push(bytes);
    }
    trial.chain.finish(End::Eof);
    assert!(trial.written().is_empty());
    trial.toxics.remove("latency_downstream").unwrap();
    trial.follow();
    assert_eq!(trial.written().concat(), b"abc");
    assert_eq!(trial.chain.end(), Some(End::Eof));
}

#[test]
fn an_update_of_latency_acts_on_what_waits() {
    let mut trial = Trial::new(&[Kind::Latency {
        latency: 1_000_000,
        jitter: 0,
    }]);
    trial.push(b"x");
    assert!(trial.written().is_empty());
    let change = |toxic: &mut Toxic| {
        toxic.kind = Kind::Latency {
            latency: 10,
            jitter: 0,
        };
        Ok::<_, super::ToxicError>(())
    };
    trial.toxics.update("latency_downstream", change).unwrap();
    trial.follow();
    trial.wait(10);
    assert_eq!(trial.written(), [b"x"]);
}

#[test]
fn toxicity_is_drawn_once_for_each_connection_and_the_seed_decides() {
    let acts = |seed: u64, toxicity: f32| {
        let toxics = Toxics::new();
        let kind = Kind::Timeout { timeout: 0 };
        let toxic = Toxic {
            toxicity,
            ..Toxic::new(kind, Direction::Downstream)
        };
        toxics.add(toxic).unwrap();
        let now = Instant::now();
        let drops = |connection| {
            let mut chain = Chain::new(Place {
                seed: Seed(seed),
                proxy: "p".into(),
                connection,
                direction: Direction::Downstream,
            });
            chain.follow(&toxics.watch().borrow(), now);
            chain.push(Chunk::new(Bytes::from_static(b"x"), now));
            chain.advance(now);
            chain.output().is_none()
        };
        (0..1000).map(drops).collect::<Vec<bool>>()
    };
    let of = |draws: &[bool]| draws.iter().filter(|acts| **acts).count();
    assert_eq!(of(&acts(7, 0.0)), 0);
    assert_eq!(of(&acts(7, 1.0)), 1000);
    assert!((160..=240).contains(&of(&acts(7, 0.2))));
    assert_eq!(acts(7, 0.2), acts(7, 0.2));
    assert_ne!(acts(7, 0.2), acts(8, 0.2));
}

#[test]
fn what_is_buffered_is_bounded() {
    for (kind, most) in [
        (
            Kind::Latency {
                latency: 1_000,
                jitter: 0,
            },
            1024,
        ),
        (Kind::ResetPeer { timeout: 1_000 }, 2),
        (Kind::Bandwidth { rate: 1 }, 2),
    ] {
        let mut trial = Trial::new(&[kind]);
        let mut pushed = 0;
        while trial.chain.has_room() && pushed < 10_000 {
            trial.push(&[b'x'; 1_000]);
            trial.chain.advance(trial.now);
            pushed += 1;
        }
        assert_eq!(pushed, most);
    }
}
