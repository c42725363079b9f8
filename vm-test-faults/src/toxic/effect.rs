//! What one toxic does to the bytes of one connection: the trait, and the effect that does nothing.
//! It does not know which toxics there are.

use fastrand::Rng;
use tokio::time::Instant;

use super::chunk::{End, Queue};
use super::kind::Kind;

/// What came of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something moved, and more may.
    Moved,
    /// Nothing can move before something else does, or before this time.
    Waits(Option<Instant>),
}

/// A toxic's work on one connection, with what it has to remember.
pub(super) trait Effect: Send {
    /// Moves at most one chunk, or the end, from `queue` to `next`.
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step;

    /// Is told that the attributes have changed.
    fn updated(&mut self) {}

    /// Returns how the connection ends if the toxic is removed; it goes on if there is none.
    fn removed(&self) -> Option<End> {
        None
    }
}

/// What a step may need besides the queues.
pub(super) struct Context<'a> {
    pub(super) now: Instant,
    pub(super) random: &'a mut Rng,
}

/// The effect of a toxic that does not act on this connection.
#[derive(Debug)]
pub(super) struct Pass;

impl Effect for Pass {
    fn step(
        &mut self,
        _: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        pass(queue, next, context.now)
    }
}

/// Moves a chunk or the end, if there is one and room for it.
pub(super) fn pass(queue: &mut Queue, next: &mut Queue, now: Instant) -> Step {
    if !next.has_room() {
        return Step::Waits(None);
    }
    if let Some(chunk) = queue.pop() {
        next.push(chunk, now);
        return Step::Moved;
    }
    pass_end(queue, next)
}

/// Moves the end, if it was reached and there is room.
pub(super) fn pass_end(queue: &Queue, next: &mut Queue) -> Step {
    match queue.end_reached() {
        Some(end) if next.has_room() => {
            next.finish(end);
            Step::Moved
        }
        _ => Step::Waits(None),
    }
}
