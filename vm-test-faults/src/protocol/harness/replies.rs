//! Gives a protocol what a server sends, and checks how it finds the replies in it.

use super::pieces::Pieces;
use super::requests::Event;
use crate::protocol::{Answers, Conversation, Request, Step};

/// No protocol may ask for more bytes than this.
const MOST_WAITING: usize = 64 * 1024;

/// A server's bytes, as far as they were read.
pub(super) struct Server<'a> {
    bytes: &'a [u8],
    arrived: usize,
    taken: usize,
    has_ended: bool,
    waits: bool,
    /// How many requests are answered.
    answered: usize,
    pub(super) events: Vec<Event>,
}

impl<'a> Server<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            arrived: 0,
            taken: 0,
            has_ended: false,
            waits: true,
            answered: 0,
            events: Vec::new(),
        }
    }

    /// Returns whether there is nothing more to read.
    pub(super) fn is_done(&self) -> bool {
        self.has_ended || (self.waits && self.arrived == self.bytes.len())
    }

    /// Returns how many messages have ended.
    pub(super) fn ended(&self) -> usize {
        let ends = |event: &&Event| matches!(event, Event::Ends(_));
        self.events.iter().filter(ends).count()
    }

    /// Takes one step; `asked` are all requests that were passed on, oldest first.
    pub(super) fn step(
        &mut self,
        conversation: &mut dyn Conversation,
        asked: &[Request],
        pieces: &mut Pieces,
    ) {
        if self.waits {
            self.arrived += pieces.next(self.bytes.len() - self.arrived);
            self.waits = false;
        }
        let front = &self.bytes[self.taken..self.arrived];
        if front.is_empty() {
            self.waits = true;
            return;
        }
        let request = asked.get(self.answered);
        let taken = match conversation.reply(request, front) {
            Ok(Step::Taken(taken) | Step::Rewritten(taken, _)) => taken,
            Ok(Step::More) => {
                assert!(front.len() < MOST_WAITING, "a reply waits without end");
                self.waits = true;
                return;
            }
            Ok(Step::Unanswered) => {
                let is_quiet = request.is_some_and(|asked| asked.answers == Answers::Maybe);
                assert!(is_quiet, "{request:?} is unanswered");
                self.events.push(Event::Unanswered(self.answered));
                self.answered += 1;
                return;
            }
            Ok(Step::Wait) => panic!("a reply waits for nothing"),
            Ok(Step::Opaque) => return self.end(Event::Opaque(self.taken)),
            Err(_) => return self.end(Event::Violation),
        };
        assert!(taken.length <= front.len(), "more taken than there was");
        assert!(taken.begins.is_none(), "a request begins in a reply");
        assert!(
            taken.length > 0 || (taken.ends && request.is_some()),
            "nothing taken"
        );
        self.taken += taken.length;
        if taken.ends {
            self.events.push(Event::Ends(self.taken));
            self.answered += usize::from(request.is_some());
        }
    }

    fn end(&mut self, event: Event) {
        self.events.push(event);
        self.has_ended = true;
    }
}
