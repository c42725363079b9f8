//! The effects that end a connection: `timeout`, `reset_peer` and `limit_data`.

use tokio::time::Instant;

use super::chunk::{End, Queue};
use super::effect::{Context, Effect, Step, pass, pass_end};
use super::kind::{Kind, milliseconds};

/// Drops all bytes.
#[derive(Debug, Default)]
pub(super) struct Timeout {
    /// When it began to wait for bytes.
    since: Option<Instant>,
}

impl Effect for Timeout {
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        let Kind::Timeout { timeout } = kind else {
            return pass(queue, next, context.now);
        };
        if queue.pop().is_some() {
            self.since = Some(context.now);
            return Step::Moved;
        }
        if queue.end_reached().is_some() {
            return pass_end(queue, next);
        }
        let since = *self.since.get_or_insert(context.now);
        if *timeout <= 0 {
            return Step::Waits(None);
        }
        let due = since + milliseconds(*timeout);
        if due <= context.now && next.has_room() {
            next.finish(End::Close);
            return Step::Moved;
        }
        Step::Waits(Some(due).filter(|due| *due > context.now))
    }

    fn updated(&mut self) {
        self.since = None;
    }

    fn removed(&self) -> Option<End> {
        Some(End::Close)
    }
}

/// Resets the connection after the first bytes; until then it keeps them.
#[derive(Debug, Default)]
pub(super) struct ResetPeer {
    /// When the first bytes came.
    since: Option<Instant>,
}

impl Effect for ResetPeer {
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        let Kind::ResetPeer { timeout } = kind else {
            return pass(queue, next, context.now);
        };
        if queue.front().is_none() && queue.end_reached().is_none() {
            return Step::Waits(None);
        }
        let since = *self.since.get_or_insert(context.now);
        let due = since + milliseconds(*timeout);
        if due > context.now {
            return Step::Waits(Some(due));
        }
        if !next.has_room() {
            return Step::Waits(None);
        }
        next.finish(End::Reset);
        Step::Moved
    }
}

/// Lets some bytes through.
#[derive(Debug, Default)]
pub(super) struct LimitData {
    /// How many it has let through; an update does not change this.
    passed: u64,
}

impl Effect for LimitData {
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        let Kind::LimitData { bytes } = kind else {
            return pass(queue, next, context.now);
        };
        if !next.has_room() {
            return Step::Waits(None);
        }
        if queue.front().is_none() {
            return pass_end(queue, next);
        }
        let limit = u64::try_from(*bytes).unwrap_or(0);
        let left = limit.saturating_sub(self.passed);
        if left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX);
            if let Some(part) = queue.pop_part(most) {
                self.passed += part.bytes.len() as u64;
                next.push(part, context.now);
            }
        }
        if self.passed >= limit {
            next.finish(End::Close);
        }
        Step::Moved
    }
}
