//! Toxics that are added, changed and removed while bytes are on their way; draws and bounds.

use bytes::Bytes;
use tokio::time::Instant;

use super::trial::Trial;
use crate::seed::Seed;
use crate::toxic::{Chain, Chunk, Direction, End, Kind, Place, Toxic, ToxicError, Toxics};

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
            Ok::<_, ToxicError>(())
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
        Ok::<_, ToxicError>(())
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
