//! What happened to exchanges, kept for tests to read: the last ones, in the order of the requests.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::SystemTime;

use crate::behavior::Exchange;

/// How many events are kept.
const MOST_EVENTS: usize = 4_096;

/// An exchange that a behavior was chosen for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The exchange's number among all of the proxy that a behavior may be chosen for, from 1.
    pub ordinal: u64,
    /// The number of its connection, from 1.
    pub connection: u64,
    /// When the request came.
    pub time: SystemTime,
    /// The request's name.
    pub request: String,
    /// The behavior's name.
    pub behavior: String,
    /// What came of it, as far as it is known yet.
    pub outcome: Outcome,
}

/// What came of an exchange with a behavior.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Its behavior is at work, or its reply has not ended.
    Pending,
    /// The server got the request, and the client the reply.
    Passed,
    /// The behavior has left it alone.
    Ignored,
    /// The client got an error of this code, the server nothing.
    Answered(String),
    /// The client got a reply with bytes that are not the server's.
    Damaged,
    /// It hangs, or has hung until the client went away.
    Hung,
    /// The connection was closed.
    Closed,
    /// What the behavior wanted cannot be done here, so that the exchange was passed on: why.
    Refused(String),
}

/// An event as it is kept: what is known already is not copied until somebody reads it.
#[derive(Debug)]
pub(super) struct Noted {
    pub(super) exchange: Arc<Exchange>,
    pub(super) time: SystemTime,
    pub(super) behavior: Arc<str>,
    pub(super) outcome: Outcome,
}

impl Noted {
    fn event(&self) -> Event {
        Event {
            ordinal: self.exchange.ordinal,
            connection: self.exchange.connection,
            time: self.time,
            request: self.exchange.request.name.clone(),
            behavior: self.behavior.as_ref().to_owned(),
            outcome: self.outcome.clone(),
        }
    }
}

/// The last events.
#[derive(Debug, Default)]
pub(super) struct Events {
    events: VecDeque<Noted>,
}

impl Events {
    /// Adds an event; the oldest one gives way and is returned.
    pub(super) fn push(&mut self, event: Noted) -> Option<Noted> {
        let oldest = if self.events.len() >= MOST_EVENTS {
            self.events.pop_front()
        } else {
            None
        };
        self.events.push_back(event);
        oldest
    }

    /// Notes what came of an exchange, if its event is still there.
    pub(super) fn note(&mut self, ordinal: u64, outcome: Outcome) {
        if let Some(event) = self.find(ordinal) {
            event.outcome = outcome;
        }
    }

    /// Notes that an exchange has ended, if nothing else is known of it.
    pub(super) fn note_passed(&mut self, ordinal: u64) {
        if let Some(event) = self.find(ordinal)
            && event.outcome == Outcome::Pending
        {
            event.outcome = Outcome::Passed;
        }
    }

    fn find(&mut self, ordinal: u64) -> Option<&mut Noted> {
        let mut newest_first = self.events.iter_mut().rev();
        newest_first.find(|event| event.exchange.ordinal == ordinal)
    }

    /// Returns the events, oldest first.
    pub(super) fn list(&self) -> Vec<Event> {
        self.events.iter().map(Noted::event).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Answers, Request};

    #[test]
    fn the_oldest_events_give_way_and_outcomes_find_theirs() {
        let mut events = Events::default();
        for ordinal in 1..=MOST_EVENTS as u64 + 10 {
            let exchange = Exchange {
                ordinal,
                connection: 1,
                protocol: "http",
                default_faults: &[],
                request: Request {
                    name: "GET /".to_owned(),
                    answers: Answers::One,
                    is_open_to_faults: true,
                    instead: None,
                    detail: 0,
                },
                random: 0,
            };
            events.push(Noted {
                exchange: Arc::new(exchange),
                time: SystemTime::UNIX_EPOCH,
                behavior: "delay".into(),
                outcome: Outcome::Pending,
            });
        }
        events.note(1, Outcome::Closed);
        events.note(20, Outcome::Hung);
        let listed = events.list();
        assert_eq!(listed.len(), MOST_EVENTS);
        assert_eq!(listed[0].ordinal, 11);
        let changed: Vec<u64> = listed
            .iter()
            .filter(|event| event.outcome != Outcome::Pending)
            .map(|event| event.ordinal)
            .collect();
        assert_eq!(changed, [20]);
    }
}
