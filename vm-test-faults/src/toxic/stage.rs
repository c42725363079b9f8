//! One toxic on one direction of one connection: whether it acts there, what it holds back, and its
//! own random numbers.

use std::sync::Arc;

use fastrand::Rng;
use tokio::time::Instant;

use super::bandwidth::Bandwidth;
use super::chunk::Queue;
use super::definition::Toxic;
use super::delay::{Latency, SlowClose};
use super::effect::{Context, Effect, Pass, Step};
use super::ending::{LimitData, ResetPeer, Timeout};
use super::kind::Kind;
use super::slicer::Slicer;

/// How many chunks a toxic holds: as many as Toxiproxy's latency does.
const LATENCY_CHUNKS: usize = 1024;

/// How many chunks the others hold.
const CHUNKS: usize = 2;

/// A toxic's place in a chain.
pub(super) struct Stage {
    /// The toxic's number in the list of its proxy.
    pub(super) id: u64,
    pub(super) queue: Queue,
    toxic: Arc<Toxic>,
    /// From 0 to 1; it acts if this is less than its toxicity.
    draw: f32,
    effect: Box<dyn Effect>,
    random: Rng,
}

impl Stage {
    pub(super) fn new(id: u64, toxic: Arc<Toxic>, mut random: Rng) -> Self {
        let draw = random.f32();
        let most = match toxic.kind {
            Kind::Latency { .. } => LATENCY_CHUNKS,
            _ => CHUNKS,
        };
        Self {
            id,
            queue: Queue::new(most),
            effect: effect_of(&toxic.kind, draw < toxic.toxicity),
            toxic,
            draw,
            random,
        }
    }

    /// Takes over changed attributes; a changed toxicity is compared with the same draw.
    pub(super) fn update(&mut self, toxic: &Arc<Toxic>) {
        if Arc::ptr_eq(&self.toxic, toxic) {
            return;
        }
        let (acted, acts) = (self.draw < self.toxic.toxicity, self.draw < toxic.toxicity);
        if acted == acts {
            self.effect.updated();
        } else {
            if let Some(end) = self.effect.removed() {
                self.queue.finish(end);
            }
            self.effect = effect_of(&toxic.kind, acts);
        }
        self.toxic = Arc::clone(toxic);
    }

    pub(super) fn step(&mut self, next: &mut Queue, now: Instant) -> Step {
        let mut context = Context {
            now,
            random: &mut self.random,
        };
        let queue = &mut self.queue;
        self.effect
            .step(&self.toxic.kind, queue, next, &mut context)
    }

    /// Gives what it holds to the next one.
    pub(super) fn dissolve(self, next: &mut Queue, now: Instant) {
        let end = self.effect.removed();
        next.absorb(self.queue, now);
        if let Some(end) = end {
            next.finish(end);
        }
    }
}

fn effect_of(kind: &Kind, acts: bool) -> Box<dyn Effect> {
    if !acts {
        return Box::new(Pass);
    }
    match kind {
        Kind::Noop => Box::new(Pass),
        Kind::Latency { .. } => Box::<Latency>::default(),
        Kind::Bandwidth { .. } => Box::<Bandwidth>::default(),
        Kind::SlowClose { .. } => Box::<SlowClose>::default(),
        Kind::Timeout { .. } => Box::<Timeout>::default(),
        Kind::ResetPeer { .. } => Box::<ResetPeer>::default(),
        Kind::Slicer { .. } => Box::<Slicer>::default(),
        Kind::LimitData { .. } => Box::<LimitData>::default(),
    }
}
