//! The effects of `latency` and `slow_close`, which delay and drop nothing.

use fastrand::Rng;
use tokio::time::Instant;

use super::chunk::Queue;
use super::effect::{Context, Effect, Step, pass, pass_end};
use super::kind::{Kind, milliseconds};

/// Delays each chunk, counted from its arrival.
#[derive(Debug, Default)]
pub(super) struct Latency {
    /// When the first chunk in the queue leaves.
    due: Option<Instant>,
}

impl Effect for Latency {
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        let Kind::Latency { latency, jitter } = kind else {
            return pass(queue, next, context.now);
        };
        let Some(front) = queue.front() else {
            return pass_end(queue, next);
        };
        let due = *self.due.get_or_insert_with(|| {
            let delay = latency.saturating_add(drawn(*jitter, context.random));
            front.arrived + milliseconds(delay)
        });
        if due > context.now {
            return Step::Waits(Some(due));
        }
        if !next.has_room() {
            return Step::Waits(None);
        }
        self.due = None;
        if let Some(mut chunk) = queue.pop() {
            chunk.arrived = due;
            next.push(chunk, context.now);
        }
        Step::Moved
    }

    fn updated(&mut self) {
        self.due = None;
    }
}

/// Draws from −jitter to jitter, without jitter itself.
fn drawn(jitter: i64, random: &mut Rng) -> i64 {
    if jitter > 0 {
        random.i64(-jitter..jitter)
    } else {
        0
    }
}

/// Delays the end.
#[derive(Debug, Default)]
pub(super) struct SlowClose {
    /// When the end was reached.
    reached: Option<Instant>,
}

impl Effect for SlowClose {
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        if let (Kind::SlowClose { delay }, Some(_)) = (kind, queue.end_reached()) {
            let reached = *self.reached.get_or_insert(context.now);
            let due = reached + milliseconds(*delay);
            if due > context.now {
                return Step::Waits(Some(due));
            }
        }
        pass(queue, next, context.now)
    }
}
