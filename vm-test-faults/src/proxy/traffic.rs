//! How many bytes went through a proxy. It only counts.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::toxic::Direction;

/// Bytes and connections of a proxy, counted while they pass.
#[derive(Debug, Default)]
pub struct Traffic {
    upstream: Flow,
    downstream: Flow,
    pub(super) open: AtomicUsize,
    pub(super) accepted: AtomicU64,
}

/// Bytes of one direction.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
}

impl Traffic {
    /// Returns how many bytes the proxy has read in this direction.
    pub fn received(&self, direction: Direction) -> u64 {
        self.flow(direction).received.load(Ordering::Relaxed)
    }

    /// Returns how many bytes the proxy has written in this direction.
    pub fn sent(&self, direction: Direction) -> u64 {
        self.flow(direction).sent.load(Ordering::Relaxed)
    }

    /// Returns how many connections are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Returns how many connections clients have made.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::Relaxed)
    }

    pub(super) fn flow(&self, direction: Direction) -> &Flow {
        match direction {
            Direction::Upstream => &self.upstream,
            Direction::Downstream => &self.downstream,
        }
    }
}
