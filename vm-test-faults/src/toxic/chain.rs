//! The toxics of one direction of one connection, one behind the other. It is told of bytes and of
//! the time, and has bytes to be written; sockets and timers are the business of its caller.

use std::sync::Arc;

use tokio::time::Instant;

use super::chunk::{Chunk, End, Queue};
use super::definition::Direction;
use super::effect::Step;
use super::list::Listed;
use super::stage::Stage;
use crate::seed::Seed;

/// How many chunks wait to be written.
const OUTPUT_CHUNKS: usize = 2;

/// Which connection a chain belongs to, for what is drawn in it.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) seed: Seed,
    pub(crate) proxy: Arc<str>,
    /// The number of the connection among those of its proxy.
    pub(crate) connection: u64,
    pub(crate) direction: Direction,
}

/// A chain of toxics. Bytes are pushed into its one end, and taken from its output.
pub(crate) struct Chain {
    place: Place,
    stages: Vec<Stage>,
    output: Queue,
}

impl Chain {
    pub(crate) fn new(place: Place) -> Self {
        Self {
            place,
            stages: Vec::new(),
            output: Queue::new(OUTPUT_CHUNKS),
        }
    }

    /// Returns whether bytes pushed now may be written at once, since nothing would hold them.
    pub(crate) fn is_clear(&self) -> bool {
        self.stages.is_empty() && self.output.front().is_none() && self.output.has_room()
    }

    /// Brings the chain in step with the list of its proxy. No byte that is on its way is lost.
    pub(crate) fn follow(&mut self, list: &[Listed], now: Instant) {
        let direction = self.place.direction;
        let of_ours = || {
            list.iter()
                .filter(|listed| listed.toxic.direction == direction)
        };
        let mut index = 0;
        while index < self.stages.len() {
            let id = self.stages[index].id;
            match of_ours().find(|listed| listed.id == id) {
                Some(listed) => {
                    self.stages[index].update(&listed.toxic);
                    index += 1;
                }
                None => {
                    let stage = self.stages.remove(index);
                    let next = self.stages.get_mut(index).map(|stage| &mut stage.queue);
                    stage.dissolve(next.unwrap_or(&mut self.output), now);
                }
            }
        }
        // Toxics are added behind the others only, so that what is left of the list is new.
        for listed in of_ours().skip(self.stages.len()) {
            let random = self.place.seed.generator(&[
                self.place.proxy.as_bytes(),
                &self.place.connection.to_le_bytes(),
                direction.to_string().as_bytes(),
                listed.toxic.name.as_bytes(),
            ]);
            let stage = Stage::new(listed.id, Arc::clone(&listed.toxic), random);
            self.stages.push(stage);
        }
    }

    /// Returns whether bytes may be pushed.
    pub(crate) fn has_room(&self) -> bool {
        match self.stages.first() {
            Some(stage) => stage.queue.has_room(),
            None => self.output.has_room(),
        }
    }

    pub(crate) fn push(&mut self, chunk: Chunk) {
        let now = chunk.arrived;
        self.input().push(chunk, now);
    }

    /// Says that no more bytes will be pushed.
    pub(crate) fn finish(&mut self, end: End) {
        self.input().finish(end);
    }

    /// Moves what is due; returns when to call again, if nothing else happens.
    pub(crate) fn advance(&mut self, now: Instant) -> Option<Instant> {
        loop {
            let mut has_moved = false;
            let mut due: Option<Instant> = None;
            for index in (0..self.stages.len()).rev() {
                let (stages, later) = self.stages.split_at_mut(index + 1);
                let next = later.first_mut().map(|stage| &mut stage.queue);
                let next = next.unwrap_or(&mut self.output);
                let Some(stage) = stages.last_mut() else {
                    continue;
                };
                loop {
                    match stage.step(next, now) {
                        Step::Moved => has_moved = true,
                        Step::Waits(until) => {
                            due = [due, until].into_iter().flatten().min();
                            break;
                        }
                    }
                }
            }
            if !has_moved {
                return due;
            }
        }
    }

    /// Returns the bytes that are to be written next.
    pub(crate) fn output(&self) -> Option<&[u8]> {
        Some(&self.output.front()?.bytes)
    }

    /// Says how many of them were written.
    pub(crate) fn written(&mut self, length: usize) {
        self.output.pop_part(length);
    }

    /// Returns how the stream ends, when everything before was written.
    pub(crate) fn end(&self) -> Option<End> {
        self.output.end_reached()
    }

    fn input(&mut self) -> &mut Queue {
        let first = self.stages.first_mut().map(|stage| &mut stage.queue);
        first.unwrap_or(&mut self.output)
    }
}
