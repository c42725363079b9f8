//! A chain of toxics, told of bytes and of a time that a test decides. It expects nothing.

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::seed::Seed;
use crate::toxic::{Chain, Chunk, Direction, Kind, Place, Toxic, Toxics};

/// A chain, the list that it follows, and a clock.
pub(super) struct Trial {
    pub(super) toxics: Toxics,
    pub(super) chain: Chain,
    pub(super) now: Instant,
}

impl Trial {
    pub(super) fn new(kinds: &[Kind]) -> Self {
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

    pub(super) fn add(&self, kind: Kind) {
        let toxic = Toxic::new(kind, Direction::Downstream);
        self.toxics.add(toxic).unwrap();
    }

    pub(super) fn follow(&mut self) {
        self.chain.follow(&self.toxics.watch().borrow(), self.now);
    }

    pub(super) fn push(&mut self, bytes: &'static [u8]) {
        assert!(self.chain.has_room());
        self.chain
            .push(Chunk::new(Bytes::from_static(bytes), self.now));
    }

    /// Returns what can be written now, chunk by chunk.
    pub(super) fn written(&mut self) -> Vec<Vec<u8>> {
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

    pub(super) fn wait(&mut self, milliseconds: u64) {
        self.now += Duration::from_millis(milliseconds);
    }
}
