//! The effect of `slicer`: what was read together is written in small pieces.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::Instant;

use super::chunk::Queue;
use super::effect::{Context, Effect, Step, pass, pass_end};
use super::kind::{Kind, microseconds};

/// Timers are exact to a millisecond only: slices that are late by less follow at once, so that
/// their number in a second is right.
const MADE_UP: Duration = Duration::from_millis(5);

/// Cuts the first chunk of the queue.
#[derive(Debug, Default)]
pub(super) struct Slicer {
    /// The lengths that the first chunk will be cut into, last one first; those that are too long
    /// are cut again.
    lengths: Vec<usize>,
    /// When the next slice may leave.
    free: Option<Instant>,
}

impl Effect for Slicer {
    fn step(
        &mut self,
        kind: &Kind,
        queue: &mut Queue,
        next: &mut Queue,
        context: &mut Context,
    ) -> Step {
        let Kind::Slicer {
            average_size,
            size_variation,
            delay,
        } = kind
        else {
            return pass(queue, next, context.now);
        };
        let Some(front) = queue.front() else {
            return pass_end(queue, next);
        };
        let free = self
            .free
            .map_or(front.queued, |free| free.max(front.queued));
        if free > context.now {
            return Step::Waits(Some(free));
        }
        if !next.has_room() {
            return Step::Waits(None);
        }
        if self.lengths.is_empty() {
            self.lengths.push(front.bytes.len());
        }
        let average = usize::try_from(*average_size).unwrap_or(0).max(1);
        let variation = usize::try_from(*size_variation).unwrap_or(0);
        let length = cut(&mut self.lengths, average, variation, context.random);
        if let Some(slice) = queue.pop_part(length) {
            next.push(slice, context.now);
        }
        let earliest = context.now.checked_sub(MADE_UP).unwrap_or(free);
        self.free = Some(free.max(earliest) + microseconds(*delay));
        Step::Moved
    }

    fn updated(&mut self) {
        self.lengths.clear();
        self.free = None;
    }
}

/// Returns the length of the next slice. Halves what is too long, not quite in the middle.
fn cut(lengths: &mut Vec<usize>, average: usize, variation: usize, random: &mut Rng) -> usize {
    let mut length = lengths.pop().unwrap_or(1);
    while length > 1 && length > average.saturating_add(variation) {
        let half = length / 2;
        // No part is empty, whatever the variation.
        let low = half.saturating_sub(variation).max(1);
        let high = half.saturating_add(variation).min(length);
        let left = if low < high {
            random.usize(low..high)
        } else {
            half
        };
        lengths.push(length - left);
        length = left;
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slices(length: usize, average: usize, variation: usize) -> Vec<usize> {
        let mut lengths = vec![length];
        let mut random = Rng::with_seed(1);
        let mut slices = Vec::new();
        while !lengths.is_empty() {
            slices.push(cut(&mut lengths, average, variation, &mut random));
        }
        slices
    }

    #[test]
    fn slices_add_up_and_are_about_as_long_as_the_average() {
        for (average, variation) in [(1, 0), (1, 1), (100, 0), (100, 30), (3, 50), (40_000, 0)] {
            let slices = slices(32_768, average, variation);
            assert_eq!(slices.iter().sum::<usize>(), 32_768);
            assert!(
                slices
                    .iter()
                    .all(|slice| (1..=average + variation).contains(slice))
            );
        }
        assert_eq!(slices(32_768, 1, 0).len(), 32_768);
    }
}
