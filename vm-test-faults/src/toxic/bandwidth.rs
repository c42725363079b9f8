//! The effect of `bandwidth`: bytes leave at a rate.

use std::time::Duration;

use tokio::time::Instant;

use super::chunk::Queue;
use super::effect::{Context, Effect, Step, pass, pass_end};
use super::kind::Kind;

/// At a low rate, what leaves at once is what can leave in this many milliseconds.
const SLICE: i64 = 100;

/// What was late because of the timer or the receiver is made up for, but no more than this.
const MADE_UP: Duration = Duration::from_millis(SLICE as u64);

/// Passes chunks on when the time has passed that the rate gives them.
#[derive(Debug, Default)]
pub(super) struct Bandwidth {
    /// When the bytes that left last had all left.
    free: Option<Instant>,
}

impl Effect for Bandwidth {
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        let rate = match kind {
            Kind::Bandwidth { rate } if *rate > 0 => *rate,
            _ => return pass(queue, next, context.now),
        };
        let Some(front) = queue.front() else {
            return pass_end(queue, next);
        };
        let most = usize::try_from(rate.saturating_mul(SLICE)).unwrap_or(usize::MAX);
        let length = front.bytes.len().min(most);
        let start = self
            .free
            .map_or(front.queued, |free| free.max(front.queued));
        let due = start + time_of(length, rate);
        if due > context.now {
            return Step::Waits(Some(due));
        }
        if !next.has_room() {
            return Step::Waits(None);
        }
        if let Some(part) = queue.pop_part(length) {
            next.push(part, context.now);
        }
        let earliest = context.now.checked_sub(MADE_UP).unwrap_or(due);
        self.free = Some(due.max(earliest));
        Step::Moved
    }
}

/// Returns how long `length` bytes take at `rate` bytes a millisecond.
fn time_of(length: usize, rate: i64) -> Duration {
    let nanoseconds = (length as u64).saturating_mul(1_000_000) / rate.unsigned_abs().max(1);
    Duration::from_nanos(nanoseconds)
}
